package main

import (
	"context"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/client"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
)

// immutable are the arguments that the engine fixes when it makes a container: under the same id they cannot drift.
// The bridged Read reports them in the engine's spelling ("CAP_NET_RAW" for NET_RAW, "1m0s" for 60s, "bridge" for no
// network mode since Docker 25, the daemon's default limits added), which the next preview takes for a change and
// answers with a replacement.
var immutable = []string{
	"capabilities", "devices", "dns", "dns_opts", "dns_search", "group_add", "host", "log_opts", "mounts",
	"network_mode", "pid_mode", "storage_opts", "sysctls", "tmpfs", "ulimit", "userns_mode",
}

type values map[string]any

// switchOff sets booleans to false and returns what they were.
func switchOff(d *schema.ResourceData, names ...string) values {
	before := values{}
	for _, name := range names {
		before[name] = d.Get(name)
		_ = d.Set(name, false)
	}
	return before
}

func (v values) restore(d *schema.ResourceData) {
	for name, value := range v {
		_ = d.Set(name, value)
	}
}

// remember keeps what the program declared; an import declares nothing, so there everything is read.
func remember(d *schema.ResourceData) values {
	declared := values{}
	if d.Get("name").(string) == "" {
		return declared
	}
	for _, name := range immutable {
		declared[name] = d.Get(name)
	}
	for _, name := range []string{"healthcheck", "image", "security_opts"} {
		if value, ok := d.GetOk(name); ok { // else the image's or the engine's own is read
			declared[name] = value
		}
	}
	if fixedPorts(d) {
		declared["ports"] = d.Get("ports")
	}
	// -1 is read where the kernel does not account for swap.
	if swap := d.Get("memory_swap").(int); swap == 0 || swap == -1 {
		declared["memory_swap"] = swap
	}
	return declared
}

// fixedPorts: a port that the engine chooses is read; it shows the others only while the container runs.
func fixedPorts(d *schema.ResourceData) bool {
	for _, raw := range d.Get("ports").([]any) {
		if raw.(map[string]any)["external"].(int) == 0 {
			return false
		}
	}
	return true
}

// readImage keeps the name that the program gave as long as it means the image that runs: bridged, the id replaces
// the name, which the next preview takes for a change.
func readImage(ctx context.Context, docker *client.Client, d *schema.ResourceData, declared values, runs string) {
	name, ok := declared["image"].(string)
	if !ok {
		return
	}
	_ = d.Set("image", runs)
	if meant, _, err := docker.ImageInspectWithRaw(ctx, name); err == nil && meant.ID == runs {
		_ = d.Set("image", name)
	}
}

// readState reads what can drift: limits that `docker update` changes, and whether it runs.
func readState(d *schema.ResourceData, found types.ContainerJSON) {
	_ = d.Set("cpus", formatCPUs(found.HostConfig.NanoCPUs))
	_ = d.Set("memory_reservation", int(found.HostConfig.MemoryReservation/mebibyte))
	if d.Get("start").(bool) && !d.Get("attach").(bool) && !found.State.Running {
		_ = d.Set("must_run", false)
	}
}
