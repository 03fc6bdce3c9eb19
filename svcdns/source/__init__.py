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
    manifest_writer    objects -> manifests that are read back to the same objects
    yaml_writer        plain values -> YAML that nobody can misread
    anonymize          a cluster under names that nobody recognises: what stays, what goes
    renaming           one object under new names: every place where a name stands
    pseudonyms         the new names and addresses themselves
    snapshot           the last known state in a file: written whole, read or refused
    snapshot_file      the octets of that file
    replacing          a file replaced as a whole
    text_file          hosts and zone files: their text, and whether they have changed

Nothing here logs: whoever follows a source gets problems and summary lines as values.
"""
