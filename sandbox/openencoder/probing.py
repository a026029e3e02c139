"""ffprobe's findings in the shape in which the server keeps them: a fixed set of fields, as a string of JSON."""

import json
from typing import Any

# In the server's order; those with a star are numbers, the others texts.
FIELDS = """
codec_name codec_long_name profile codec_type codec_time_base codec_tag_string codec_tag width* height* coded_width*
coded_height* has_b_frames* sample_aspect_ratio display_aspect_ratio pix_fmt level* chroma_location refs* is_avc
nal_length_size r_frame_rate avg_frame_rate time_base start_pts* start_time duration_ts* duration bit_rate
bits_per_raw_sample nb_frames
"""
DISPOSITIONS = """
default dub original comment lyrics karaoke forced hearing_impaired visual_empaired clean_effects attached_pic
timed_thumbnails
"""


def keep(found: bytes) -> dict[str, Any]:
    """Return what of ffprobe's JSON the server keeps; no streams are null, not an empty list."""
    try:
        streams = json.loads(found).get("streams")
    except (ValueError, AttributeError):
        streams = None
    return {"streams": [_stream(stream) for stream in streams] if streams else None}


def _stream(found: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {"index": found.get("index", 0)}
    for name in FIELDS.split():
        if name.endswith("*"):
            kept[name[:-1]] = found.get(name[:-1], 0)
        else:
            kept[name] = str(found.get(name, ""))
    disposition, tags = found.get("disposition", {}), found.get("tags", {})
    kept["disposition"] = {name: disposition.get(name, 0) for name in DISPOSITIONS.split()}
    kept["tags"] = {name: tags.get(name, "") for name in ("language", "handler_name")}
    return kept


def frames(probe: dict[str, Any]) -> int:
    """Return the number of frames of the first stream; 0 where the container does not tell."""
    streams = probe["streams"] or [{}]
    count = str(streams[0].get("nb_frames", ""))
    return int(count) if count.isascii() and count.isdigit() else 0


def length(probe: dict[str, Any]) -> float:
    """Return the first stream's duration in seconds; 0 where it is not told."""
    streams = probe["streams"] or [{}]
    try:
        return float(streams[0].get("duration", 0) or 0)
    except ValueError:
        return 0.0
