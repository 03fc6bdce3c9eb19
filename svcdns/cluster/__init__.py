"""Kubernetes objects as compact frozen values, and the state they make; no client, no clock.

Where to look:

    model         Service, EndpointSlice, Pod, Namespace, Node: only the fields svcdns uses
    change        what a source reports (WatchEvent), what the state made of it (Change)
    state         the current objects and every index over them; events -> changes
    index         the two index shapes: one key for few values, and packed addresses by network
    visible       which changes somebody who asks in DNS can see: they raise the serial
    parse         JSON or plain values of one API object -> model; a door to msgspec
    structs       the API's objects as msgspec structs, for `parse` and for deriving endpoints
    envelope      a line of a watch, a page of a list, a Status -> what happened
    envelope_structs  what the API wraps objects in, as msgspec structs
    compact       struct -> model: addresses packed, bad parts left out and named
    outside       what of a Service lies outside the cluster: external addresses and names
    traffic       what of a Service only the proxy needs: node ports, policies, affinity
    columns       endpoints, one by one -> the packed columns of an EndpointSlice
    sharing       equal strings and tuples become one object
    object_error  an object that cannot be used, a part of one that was left out
    selector      label selectors
    archive       model -> octets and back, for a file of ours; the other door to msgspec

The way of an object: `parse.decode` -> `compact.compact` -> WatchEvent -> `state.apply`.
"""
