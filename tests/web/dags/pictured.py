"""DAGs that publish in the smallest way, for the web server to show."""

from __future__ import annotations

import json

from airflow.sdk import DAG, Param

from reelworks.media.s3 import presign, s3_client
from reelworks.media.url import S3Url
from reelworks.pictures.store import store_pictures
from reelworks.web.task import publishing_task

with DAG(
    "pictured",
    schedule=None,
    params={name: Param("s3://inbox/video.mp4", type="string") for name in ("source", "output", "destination")},
):

    @publishing_task
    def publish(params: dict[str, str]) -> str:
        """Store the pictures, and a manifest that names them."""
        client, prefix = s3_client("aws_default"), S3Url.parse(params["destination"])
        links = [presign(client, S3Url.parse(params[name]), 600) for name in ("source", "output")]
        manifest = {"schema": 1, "pictures": store_pictures(client, prefix, *links)}
        url = prefix.joined("manifest.json")
        client.put_object(Bucket=url.bucket, Key=url.key, Body=json.dumps(manifest).encode())
        return str(url)

    publish()

with DAG("claims", schedule=None, params={"returned": Param([], type="array")}):

    @publishing_task
    def list_claims(params: dict[str, list[str]]) -> list[str]:
        """Return what is to be claimed; that is no manifest's address."""
        return params["returned"]

    @publishing_task
    def claim(returned: str) -> str:
        """Claim to have published there."""
        return returned

    claim.expand(returned=list_claims())
