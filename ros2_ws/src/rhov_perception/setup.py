from pathlib import Path

from setuptools import find_packages, setup

NAME = "rhov_perception"
DATA = [path for path in Path(NAME).rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc", ".nbi", ".nbc")]

setup(
    name=NAME,
    version="0.1.0",
    description="Cues of a video: hands, object masks, optical flow and features, as a library and as nodes.",
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
            "video_source = rhov_perception.nodes.video_source:main",
            "hand_estimator = rhov_perception.nodes.hand_estimator:main",
            "object_estimator = rhov_perception.nodes.object_estimator:main",
        ]
    },
)
