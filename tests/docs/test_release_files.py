"""What goes out with a release says the same everywhere."""

import re
import tomllib
from pathlib import Path

from coral_cli.version import CORE

ROOT = Path(__file__).parents[2]
CITATION = (ROOT / "CITATION.cff").read_text()


def test_the_package_has_the_name_that_the_code_knows() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["name"] == CORE == "coral-rl"


def test_the_citation_is_that_of_the_readme() -> None:
    bibtex = (ROOT / "README.md").read_text().split("```bibtex\n")[1].replace("{RL}", "RL")
    fields = dict(re.findall(r"(\w+) = \{(.*)\},", bibtex))
    paper = CITATION.split("preferred-citation:")[1]
    people = re.findall(r"family-names: (\w+)\n\s+given-names: (\w+)", paper)
    assert " and ".join(map(", ".join, people)) == fields["author"] and len(people) == 4
    assert f"\n  title: {fields['title']}\n" in paper and f"\n  year: {fields['year']}\n" in paper
    assert f"value: arXiv:{fields['eprint']}\n" in paper


def test_the_citation_names_no_version_that_could_be_forgotten() -> None:
    assert not re.search(r"^(version|date-released|commit):", CITATION, re.MULTILINE)


def test_bug_reports_ask_for_what_the_doctor_says() -> None:
    bug = (ROOT / ".github" / "ISSUE_TEMPLATE" / "bug.yml").read_text()
    doctor = bug.split("id: doctor")[1].split("- type:")[0]
    assert "label: coral doctor --json" in doctor and "required: true" in doctor
