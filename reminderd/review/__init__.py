"""What a change of the job files would do, before it is deployed."""

from reminderd.review.jobs import Fate, JobChange, KeyChange, People, compare_jobs
from reminderd.review.limits import Exceeded
from reminderd.review.messages import Difference, Kind, compare
from reminderd.review.review import JobReview, Live, Review, Sums, review
from reminderd.review.stage import Staged

__all__ = [
    "Difference",
    "Exceeded",
    "Fate",
    "JobChange",
    "JobReview",
    "KeyChange",
    "Kind",
    "Live",
    "People",
    "Review",
    "Staged",
    "Sums",
    "compare",
    "compare_jobs",
    "review",
]
