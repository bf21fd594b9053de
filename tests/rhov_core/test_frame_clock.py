from rhov_core.frame_clock import REMEMBERED_FRAMES, FrameClock


def test_unannounced_images_are_counted():
    clock = FrameClock()
    assert [clock.index(stamp) for stamp in (10, 20, 37)] == [0, 1, 2]
    assert clock.stream == 0


def test_the_same_image_keeps_its_index():
    clock = FrameClock()
    assert [clock.index(stamp) for stamp in (10, 20, 20)] == [0, 1, 1]


def test_announced_indices_survive_dropped_images():
    clock = FrameClock()
    for stamp, index in ((10, 100), (20, 101), (30, 102), (41, 103)):
        clock.announce(stamp, index)
    assert [clock.index(stamp) for stamp in (10, 30, 41)] == [100, 102, 103]
    assert clock.index(50) == 104


def test_stamps_that_go_back_start_a_new_stream():
    clock = FrameClock()
    assert [clock.index(stamp) for stamp in (10, 20, 10, 20)] == [0, 1, 0, 1]
    assert clock.stream == 1


def test_a_source_that_starts_again_starts_a_new_stream():
    clock = FrameClock()
    for stamp, index in ((10, 5), (20, 6), (90, 5)):
        clock.announce(stamp, index)
    assert [clock.index(stamp) for stamp in (10, 20, 90, 100)] == [5, 6, 5, 6]
    assert clock.stream == 1


def test_memory_is_bounded():
    clock = FrameClock()
    for index in range(2 * REMEMBERED_FRAMES):
        clock.announce(1000 + index, index + 7)
    assert clock.index(1000) == 0
    assert clock.index(1000 + 2 * REMEMBERED_FRAMES - 1) == 2 * REMEMBERED_FRAMES + 6
