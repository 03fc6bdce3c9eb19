"""The kernel, or what stands in for it: backends that make virtual servers real.

backend      what every backend can do
fake         in memory and strict: for tests and for --dry-run
ipvs         the kernel's IPVS: table (ipvs_kernel), device (addresses), whose is what (journal)
filter       the packet filter beside it, by two writers: filter_iptables, filter_nftables
nftables     elements of maps, in one table for each family
iptables     chains of rules, as kube-proxy has them
userspace    octets passed on by this process: balancer, streams (TCP), flows (UDP)
netlink      sockets and batches; what is said there is in files named *_messages
worker       the one thread in which the kernel is spoken to
reconcile    the loop: desired against realized, again and again; what it tells: sync_report
"""
