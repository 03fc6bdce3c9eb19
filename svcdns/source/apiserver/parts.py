"""What reads one resource has in common with what audits it: the parts of their reflector."""

from random import Random
from typing import NamedTuple

from svcdns.source.apiserver.course import Course
from svcdns.source.apiserver.intake import Intake
from svcdns.source.apiserver.observer import Observer
from svcdns.source.apiserver.protocol import Connection, Resource
from svcdns.source.apiserver.standing import Standing


class Parts(NamedTuple):
    """Of one reflector."""

    connection: Connection
    resource: Resource
    observer: Observer
    course: Course
    intake: Intake
    standing: Standing
    random: Random
