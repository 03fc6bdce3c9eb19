"""From the objects of a cluster to what one node has to balance: desired virtual servers.

Pure functions: no clock, no socket, no file. In the order in which things happen:

    model         virtual servers and everything else a node should have
    options       what the operator asks for
    policy        which endpoints of a Service may serve: traffic policies, hints, conditions
    refused       addresses that no Service gets
    service_plan  one Service and options -> its virtual servers
    plan          all Services -> desired; a change costs one of them
    realized      what the kernel has
    diff          desired against realized -> operations in a safe order
"""
