from pathlib import Path

from setuptools import find_packages, setup

NAME = "rhov_optimizer"
DATA = [path for path in Path(NAME).rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc", ".nbi", ".nbc")]

setup(
    name=NAME,
    version="0.1.0",
    description="Object pose tracking and joint optimisation of hand and object over time, as a library and as a node.",
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
            "trajectory_optimizer = rhov_optimizer.nodes.trajectory_optimizer:main",
        ]
    },
)
