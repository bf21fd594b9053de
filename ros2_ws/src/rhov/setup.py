from pathlib import Path

from setuptools import find_packages, setup

NAME = "rhov"
DATA = [path for path in Path(NAME).rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc", ".nbi", ".nbc")]


def files(folder: str) -> list[str]:
    return sorted(str(path) for path in Path(folder).glob("*") if path.is_file())


setup(
    name=NAME,
    version="0.1.0",
    description="Bring-up of RHOV: the node graph, launch files, configuration, RViz views and the rhov command.",
    license="Apache-2.0",
    maintainer="RHOV maintainers",
    maintainer_email="maintainers@users.noreply.github.com",
    packages=find_packages(),
    package_data={NAME: [str(path.relative_to(NAME)) for path in DATA]},
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/" + NAME]),
        ("share/" + NAME, ["package.xml"]),
        ("bin", ["bin/rhov"]),
        ("share/rhov/launch", sorted(map(str, Path("launch_files").glob("*.launch.py")))),
        ("share/rhov/config", files("rhov/config")),
        ("share/rhov/rviz", files("rhov/rviz")),
    ],
    install_requires=["setuptools"],
    python_requires=">=3.11",
    zip_safe=False,
    entry_points={
        "console_scripts": [
            "coordinator = rhov.nodes.coordinator:main",
            "bag_recorder = rhov.nodes.bag_recorder:main",
        ]
    },
)
