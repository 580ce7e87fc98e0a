"""etcd: the consensus that Patroni elects by."""
