package main

import (
	"context"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/client"
	"github.com/hashicorp/terraform-plugin-sdk/v2/diag"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
)

// bridgedNetwork replaces how a network is made, read and deleted: bridged, each of these sleeps two seconds first,
// and a subnet without a gateway is read with the engine's choice, which the next preview answers with a replacement.
type bridgedNetwork struct {
	bridged schema.Resource
}

func extendNetwork(resource *schema.Resource) {
	n := bridgedNetwork{bridged: *resource}
	resource.CreateContext = n.create
	resource.ReadContext = n.read
	resource.DeleteContext = n.delete
}

func (n bridgedNetwork) create(ctx context.Context, d *schema.ResourceData, meta any) diag.Diagnostics {
	docker := engine(meta)
	if err := removeLeftoverNetwork(ctx, docker, d); err != nil {
		return diag.FromErr(err)
	}
	made, err := docker.NetworkCreate(ctx, d.Get("name").(string), networkOptions(d))
	if err != nil {
		return diag.FromErr(err)
	}
	d.SetId(made.ID)
	return diag.FromErr(readNew(ctx, docker, d))
}

func networkOptions(d *schema.ResourceData) types.NetworkCreate {
	return types.NetworkCreate{
		CheckDuplicate: true, // the engine would take two networks of one name, and containers then cannot choose
		Driver:         d.Get("driver").(string),
		EnableIPv6:     d.Get("ipv6").(bool),
		IPAM:           &network.IPAM{Driver: d.Get("ipam_driver").(string), Config: subnets(d)},
		Internal:       d.Get("internal").(bool),
		Attachable:     d.Get("attachable").(bool),
		Ingress:        d.Get("ingress").(bool),
		Options:        stringMap(d.Get("options")),
		Labels:         labels(d),
	}
}

func subnets(d *schema.ResourceData) []network.IPAMConfig {
	var found []network.IPAMConfig
	for _, raw := range d.Get("ipam_config").(*schema.Set).List() {
		one := raw.(map[string]any)
		found = append(found, network.IPAMConfig{
			Subnet:     one["subnet"].(string),
			IPRange:    one["ip_range"].(string),
			Gateway:    one["gateway"].(string),
			AuxAddress: stringMap(one["aux_address"]),
		})
	}
	return found
}

// readNew fills what was not declared. Nothing of a network can change under its id, so it is read this once.
func readNew(ctx context.Context, docker *client.Client, d *schema.ResourceData) error {
	made, err := docker.NetworkInspect(ctx, d.Id(), types.NetworkInspectOptions{})
	if err != nil {
		return err
	}
	read := values{"driver": made.Driver, "scope": made.Scope, "internal": made.Internal, "options": made.Options}
	if d.Get("ipam_config").(*schema.Set).Len() == 0 {
		var configs []map[string]any
		for _, one := range made.IPAM.Config {
			configs = append(configs, map[string]any{"subnet": one.Subnet, "gateway": one.Gateway, "ip_range": one.IPRange})
		}
		read["ipam_config"] = configs
	}
	read.restore(d)
	return nil
}

func (n bridgedNetwork) read(ctx context.Context, d *schema.ResourceData, meta any) diag.Diagnostics {
	if d.Get("name").(string) == "" { // an import
		return n.bridged.ReadContext(ctx, d, meta)
	}
	_, err := engine(meta).NetworkInspect(ctx, d.Id(), types.NetworkInspectOptions{})
	if client.IsErrNotFound(err) {
		d.SetId("")
		return nil
	}
	return diag.FromErr(err)
}

func (n bridgedNetwork) delete(ctx context.Context, d *schema.ResourceData, meta any) diag.Diagnostics {
	err := engine(meta).NetworkRemove(ctx, d.Id())
	if err == nil || client.IsErrNotFound(err) {
		d.SetId("")
		return nil
	}
	return n.bridged.DeleteContext(ctx, d, meta) // waits while a container that goes away still uses it
}

func removeLeftoverNetwork(ctx context.Context, docker *client.Client, d *schema.ResourceData) error {
	found, err := docker.NetworkInspect(ctx, d.Get("name").(string), types.NetworkInspectOptions{})
	if client.IsErrNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	owner := ownerOf(d)
	if owner == "" || found.Name != d.Get("name").(string) || found.Labels[ownerLabel] != owner {
		return nil
	}
	return docker.NetworkRemove(ctx, found.ID)
}

func labels(d *schema.ResourceData) map[string]string {
	found := map[string]string{}
	for _, raw := range d.Get("labels").(*schema.Set).List() {
		label := raw.(map[string]any)
		found[label["label"].(string)] = label["value"].(string)
	}
	return found
}

func stringMap(raw any) map[string]string {
	found := map[string]string{}
	for key, value := range raw.(map[string]any) {
		found[key] = value.(string)
	}
	return found
}
