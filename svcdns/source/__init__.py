"""Where cluster objects come from: today files, as one snapshot after another.

Where to look:

    manifests          files and folders -> Snapshot; follows them as they change
    files              which files there are, and their octets
    documents          the octets of one file -> entries and what is wrong with them
    yaml_loader        YAML -> plain values; the only door to PyYAML
    assembly           entries of all files -> the objects of one cluster
    derive             EndpointSlices from Endpoints, and from Pods by the controller's rules
    offline_addresses  ClusterIPs for Services that were written by hand without one
    problem            what is wrong with a file or an object, for a person

Nothing here logs: whoever follows a source gets problems and summary lines as values.
"""
