"""Where the members of a cluster are at home, and through what they leave: the questions about places."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attribution.domain import Facet
from attribution.rings.ties import answered, any_of, main_of, meet, place_of, unknown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attribution.rings.view import View

COMMON_SHARE = 0.1
"""A place is common to a cluster when this share of the members (and three of them) are at home there."""


def common_place(view: View) -> NDArray[np.float64]:
    """The account has one place where it is at home, no carrier's, and many of the cluster are at home there too."""
    home = place_of(view)
    group = view.numbered(home)
    count = np.bincount(group)
    size = view.size[view.cluster]
    common = (home >= 0) & (count[group] >= np.maximum(np.minimum(3, size), np.ceil(COMMON_SHARE * size)))
    return answered(common, view.activity["ips"].to_numpy() > 0)


def one_place(view: View) -> NDArray[np.float64]:
    """The account is at home where most of the cluster is: one office, one gateway, one home."""
    entries = view.entries(Facet.NETWORK)
    if entries is None:
        return unknown(view)
    home = place_of(view)
    return answered((home >= 0) & (home == main_of(view, home)), view.activity["ips"].to_numpy() > 0)


def met(view: View) -> NDArray[np.float64]:
    """The account used an address at which members of the cluster meet more than strangers do."""
    entries = view.entries(Facet.IP)
    if entries is None:
        return unknown(view)
    return answered(any_of(view, entries, view.once(meet, Facet.IP)), view.activity["ips"].to_numpy() > 0)


def anonymous_egress(view: View) -> NDArray[np.float64]:
    """Most of the account's requests come from hosting, VPN or proxy addresses."""
    share = view.activity["datacentre"].to_numpy(np.float64)
    return answered(share >= 0.5, ~np.isnan(share))


def office_egress(view: View) -> NDArray[np.float64]:
    """Most of the account's requests come from addresses of businesses or of universities and schools."""
    share = view.activity["business"].to_numpy(np.float64)
    return answered(share >= 0.5, ~np.isnan(share))


def scattered_exits(view: View) -> NDArray[np.float64]:
    """The account keeps appearing from new networks, as through rotating exits, rather than from a few places."""
    activity = view.activity
    networks, events = activity["networks"].to_numpy(), activity["located"].to_numpy()
    return answered(networks >= np.maximum(4, 0.25 * events), (activity["ips"].to_numpy() > 0) & (events >= 8))
