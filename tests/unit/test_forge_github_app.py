"""A GitHub App tells by check runs with annotations and by one comment, as GitHub's API takes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from odooops_dagster.errors import BadInput, Undelivered
from odooops_dagster.tools.forge import Annotation, Answer, Comment, GitHubAppKey, InstallationTokens, Status
from odooops_dagster.tools.forge.github_app import BATCH, MOST, GitHubApp
from tests.forges import Failure, serving
from tests.github_apps import APP_ID, GitHubAppStandIn, private_key

SHA = "a" * 40
HOSTILE = "](https://evil.example) `x` | @acme/all <img src=x> | a\nb"
PLACE = Annotation(
    file="shop/tests/test_tax.py",
    line=12,
    level="failure",
    title="TestTax.test_rate",
    message="2 != 3",
    details="Trace",
)
STATUS = Status(
    sha=SHA,
    context="odooops/development",
    state="failure",
    description="Run #3 failed: shop/tests/test_tax.py:12: 2 != 3",
    url="http://x",
    run_id="r1",
    answers=[Answer(question="The tests passed.", answer="failed", summary=HOSTILE)],
    annotations=[PLACE],
)
COMMENT = Comment(
    project_id="p1",
    branch="feature/a",
    stage="development",
    state="success",
    sha=SHA,
    description="Run #3 succeeded.",
    url="https://a.example.com",
    serves_sha=SHA,
    page="http://x",
)


@dataclass
class Record:
    """What is on record of comments."""

    kept: dict[int, int] = field(default_factory=dict)

    def comment_of(self, pull_number: int) -> int | None:
        """Return the comment."""
        return self.kept.get(pull_number)

    def pulls_of(self, branch: str) -> Sequence[int]:
        """Return the pull requests with a comment."""
        assert branch == COMMENT.branch
        return sorted(self.kept, reverse=True)

    def keep(self, pull_number: int, comment_id: int, *, branch: str) -> None:
        """Record it."""
        assert branch == COMMENT.branch
        self.kept[pull_number] = comment_id


@pytest.fixture
def stand_in() -> Iterator[GitHubAppStandIn]:
    """Yield a GitHub that is told nothing yet."""
    with serving(GitHubAppStandIn()) as served:
        yield served
    assert served.broken == []


@pytest.fixture
def app(stand_in: GitHubAppStandIn) -> GitHubAppKey:
    """Return the App's key."""
    return GitHubAppKey(api_url=stand_in.url, app_id=APP_ID, private_key=private_key())


@pytest.fixture
def github(stand_in: GitHubAppStandIn, app: GitHubAppKey) -> Iterator[GitHubApp]:
    """Yield the repository there."""
    token = InstallationTokens().token(app, repository="acme/shop")
    opened = GitHubApp(stand_in.url, repository="acme/shop", token=token, app_id=APP_ID)
    stand_in.requests = 0
    yield opened
    opened.close()


def test_a_token_is_for_one_repository_and_is_kept_while_it_lasts(
    stand_in: GitHubAppStandIn, app: GitHubAppKey
) -> None:
    """It may do what the App needs and nothing else; a refused one is asked for anew."""
    tokens = InstallationTokens()
    first = tokens.token(app, repository="acme/shop")
    assert tokens.token(app, repository="acme/shop") == first
    assert stand_in.granted[first]["repositories"] == ["shop"]
    assert set(stand_in.granted[first]["permissions"]) == {"checks", "deployments", "metadata", "pull_requests"}
    tokens.forget(app, repository="acme/shop")
    stand_in.lasts_seconds = 200
    second = tokens.token(app, repository="acme/shop")
    assert len({first, second, tokens.token(app, repository="acme/shop")}) == 3


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (Failure(status=401, body={"message": "Could not be decoded"}), "ops forge app set"),
        (Failure(status=404, body={"message": "Not Found"}), "not installed for acme/shop"),
        (Failure(status=422, body={"message": "The permissions requested"}), "checks write"),
        (Failure(status=500), "500"),
    ],
)
def test_without_a_token_it_is_said_what_to_do_and_tried_again(
    stand_in: GitHubAppStandIn, app: GitHubAppKey, failure: Failure, said: str
) -> None:
    """A person may install the App, or grant what is missing, at any time."""
    stand_in.failures.append(failure)
    with pytest.raises(Undelivered, match=said) as caught:
        InstallationTokens().token(app, repository="acme/shop")
    assert not caught.value.is_final
    assert "PRIVATE KEY" not in str(caught.value)


def test_what_is_no_private_key_is_refused(app: GitHubAppKey) -> None:
    """Where it is given, and without showing it."""
    for wrong in ("", "secret", "-----BEGIN RSA PRIVATE KEY-----\nsecret\n-----END RSA PRIVATE KEY-----"):
        with pytest.raises(BadInput, match="no private RSA key") as caught:
            replace(app, private_key=wrong).sign_in(now=0)
        assert "secret" not in str(caught.value)
    assert private_key() not in repr(app)


def test_a_run_is_one_check_from_its_start_to_its_end(github: GitHubApp, stand_in: GitHubAppStandIn) -> None:
    """Which names file and line of what is wrong, and shows in words what was checked."""
    github.tell_status(replace(STATUS, state="pending", annotations=(), answers=()), may_repeat=False)
    github.tell_status(STATUS, may_repeat=False)
    (check,) = stand_in.checks
    assert (check["name"], check["head_sha"], check["status"]) == ("odooops/development", SHA, "completed")
    assert (check["conclusion"], check["details_url"]) == ("failure", "http://x")
    (shown,) = check["annotations"]
    assert (shown["path"], shown["start_line"], shown["annotation_level"]) == ("shop/tests/test_tax.py", 12, "failure")
    assert (shown["title"], shown["message"], shown["raw_details"]) == ("TestTax.test_rate", "2 != 3", "Trace")
    row = check["output"]["summary"].splitlines()[-1]
    assert row.count("`") == 2
    assert row.replace("\\|", "").count("|") == 4


@pytest.mark.parametrize(
    ("changes", "conclusion"),
    [
        ({"state": "success"}, "success"),
        ({"state": "failure"}, "failure"),
        ({"state": "error"}, "action_required"),
        ({"state": "error", "is_canceled": True}, "cancelled"),
    ],
)
def test_a_platforms_fault_does_not_pass_a_commit(
    github: GitHubApp, stand_in: GitHubAppStandIn, changes: dict[str, object], conclusion: str
) -> None:
    """GitHub takes `neutral` for passed; a commit of which nothing is known must not be merged by it."""
    github.tell_status(replace(STATUS, **changes), may_repeat=False)  # type: ignore[arg-type]
    assert [check["conclusion"] for check in stand_in.checks] == [conclusion]


@pytest.mark.parametrize("lost", range(1, 6))
def test_annotations_are_told_in_batches_each_once(github: GitHubApp, stand_in: GitHubAppStandIn, lost: int) -> None:
    """Also where the answer to any one of the requests was lost, and it is tried again from the start."""
    many = [replace(PLACE, line=number + 1) for number in range(2 * BATCH + 7)]
    status = replace(STATUS, annotations=many)
    stand_in.failures += [Failure(status=200, body=b"<html>", is_kept=True)] if lost == 1 else []
    for tries in range(3):
        if tries == 0 and lost > 1:
            _fail_later(stand_in, requests=lost - 1)
        try:
            github.tell_status(status, may_repeat=tries > 0)
        except Undelivered:
            continue
    (check,) = stand_in.checks
    assert [each["start_line"] for each in check["annotations"]] == [each.line for each in many]
    assert (check["status"], check["conclusion"]) == ("completed", "failure")


def test_a_review_is_not_flooded(github: GitHubApp, stand_in: GitHubAppStandIn) -> None:
    """A commit that breaks everything gets as many annotations as a person reads."""
    github.tell_status(replace(STATUS, annotations=[PLACE] * (MOST + 1)), may_repeat=False)
    assert len(stand_in.checks[0]["annotations"]) == MOST


def test_another_run_of_the_commit_is_another_check(github: GitHubApp, stand_in: GitHubAppStandIn) -> None:
    """The newest one counts, as GitHub shows it."""
    github.tell_status(STATUS, may_repeat=False)
    github.tell_status(replace(STATUS, run_id="r2", state="success", annotations=()), may_repeat=False)
    assert [(check["external_id"], check["conclusion"]) for check in stand_in.checks] == [
        ("r1", "failure"),
        ("r2", "success"),
    ]


def test_a_pull_request_has_one_comment_which_is_edited(github: GitHubApp, stand_in: GitHubAppStandIn) -> None:
    """With the preview's address, from the first run until the environment is gone."""
    stand_in.ask_to_pull(7, "feature/a")
    record = Record()
    for state in ("pending", "failure", "success", "success"):
        github.tell_pulls(replace(COMMENT, state=state), record)
    (comment,) = stand_in.comments
    assert "<https://a.example.com>" in comment["body"]
    assert record.kept == {7: comment["id"]}
    stand_in.pulls.clear()
    github.tell_pulls(replace(COMMENT, state="gone", url=None), record)
    assert "gone" in comment["body"]
    assert "a.example.com" not in comment["body"]
    assert len(stand_in.comments) == 1


def test_a_comment_whose_id_was_lost_is_found_by_its_marker(github: GitHubApp, stand_in: GitHubAppStandIn) -> None:
    """Beyond the first page too; never another's, who writes the marker as anybody can."""
    stand_in.ask_to_pull(7, "feature/a")
    marker = "<!-- odooops p1 -->"
    forged = [stand_in.comment(7, f"{marker} mine"), stand_in.comment(7, marker, app_id=APP_ID + 1)]
    for _ in range(150):
        stand_in.comment(7, "first!")
    github.tell_pulls(COMMENT, Record())
    github.tell_pulls(replace(COMMENT, state="failure"), Record())
    own = [each for each in stand_in.comments if (each["performed_via_github_app"] or {}).get("id") == APP_ID]
    assert [("failed by what was pushed" in each["body"]) for each in own] == [True]
    assert [each["body"] for each in forged] == [f"{marker} mine", marker]


def test_a_comment_that_a_person_removed_is_written_again(github: GitHubApp, stand_in: GitHubAppStandIn) -> None:
    """One that is gone is no second one."""
    stand_in.ask_to_pull(7, "feature/a")
    record = Record({7: 99})
    github.tell_pulls(COMMENT, record)
    assert record.kept == {7: stand_in.comments[0]["id"]}


def test_nothing_is_told_to_forks_and_to_others_branches(github: GitHubApp, stand_in: GitHubAppStandIn) -> None:
    """A fork of the same owner may have a branch of the same name."""
    stand_in.ask_to_pull(7, "feature/a", repository="acme/shop-fork")
    stand_in.pulls.append({"number": 8, "head": {"ref": "feature/a", "repo": None}})
    github.tell_pulls(COMMENT, Record())
    assert stand_in.comments == []


def test_what_a_repository_writes_stands_in_code(github: GitHubApp, stand_in: GitHubAppStandIn) -> None:
    """No mention, no link and no picture of it acts in the comment."""
    stand_in.ask_to_pull(7, "feature/a")
    answers = [Answer(question="The log is clean.", answer="failed", summary=HOSTILE)]
    github.tell_pulls(replace(COMMENT, description=HOSTILE, answers=answers), Record())
    for line in stand_in.comments[0]["body"].splitlines():
        outside = "".join(line.split("`")[::2])
        assert "evil" not in outside
        assert "@acme" not in outside
        assert "<img" not in outside


def _fail_later(stand_in: GitHubAppStandIn, *, requests: int) -> None:
    """Lose the answer that comes after some requests."""
    usual, seen = stand_in.answer, iter(range(100))

    def answer(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Failure:
        taken = usual(method, target, headers, body)
        return Failure(status=200, body=b"<html>") if next(seen) == requests else taken

    stand_in.answer = answer  # type: ignore[method-assign]
