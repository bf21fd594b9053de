"""Cues of a video: hands, object masks, optical flow and features."""
