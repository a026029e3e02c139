"""Everything the service keeps, in one place."""

from dataclasses import dataclass
from pathlib import Path

from sandbox.pixop.accounts import Account
from sandbox.pixop.records import Project, Table, Upload, Video
from sandbox.pixop.served import Served
from sandbox.pixop.settings import Settings, from_command_line
from sandbox.pixop.tokens import Tokens
from sandbox.service import Ground


@dataclass
class Context:
    """The service's tables and the settings in force."""

    ground: Ground
    settings: Settings
    account: Account
    tokens: Tokens
    projects: Table[Project]
    videos: Table[Video]
    uploads: Table[Upload]
    served: Served

    def folder(self, video: Video) -> Path:
        """Return where a video's files lie; its id is ours, so no caller chooses a path."""
        return self.ground.state.folder("pixop", "media", video.id)

    def default_project(self, team_id: str) -> Project:
        """Return the project of videos that name none, made when it is needed."""
        for project in self.projects.alive():
            if project.default and project.team_id == team_id:
                return project
        return self.projects.save(Project(name="Default project", team_id=team_id, default=True))

    def children(self, video: Video) -> list[Video]:
        """Return the videos processed from this one."""
        return [each for each in self.videos.alive() if each.parent_id == video.id]


def furnish(ground: Ground) -> Context:
    """Set up the tables on what the store has."""
    return Context(
        ground=ground,
        settings=from_command_line(ground.settings),
        account=Account(ground.store, ground.state),
        tokens=Tokens(ground.store),
        projects=Table(ground.store, "pixop.projects", Project),
        videos=Table(ground.store, "pixop.videos", Video),
        uploads=Table(ground.store, "pixop.uploads", Upload),
        served=Served(ground.store),
    )
