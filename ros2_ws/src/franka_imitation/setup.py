from pathlib import Path

from setuptools import find_packages, setup

NAME = "franka_imitation"
DATA = [path for path in Path(NAME).rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc", ".nbi", ".nbc")]

setup(
    name=NAME,
    version="0.1.0",
    description="A Franka arm that makes an object follow a trajectory: simulation, planning, replay and safety.",
    license="Apache-2.0",
    maintainer="RHOV maintainers",
    maintainer_email="maintainers@users.noreply.github.com",
    packages=find_packages(),
    package_data={NAME: [str(path.relative_to(NAME)) for path in DATA]},
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/" + NAME]),
        ("share/" + NAME, ["package.xml"]),
    ],
    install_requires=["setuptools"],
    python_requires=">=3.11",
    zip_safe=False,
    entry_points={
        "console_scripts": [
            "imitation = franka_imitation.nodes.imitation:main",
            "replay = franka_imitation.nodes.replay:main",
            "trajectory_controller = franka_imitation.nodes.trajectory_controller:main",
        ]
    },
)
