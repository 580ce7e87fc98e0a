package main

import (
	"context"
	"strings"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/client"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/terraform-providers/terraform-provider-docker/internal/provider"
)

func engine(meta any) *client.Client {
	return meta.(*provider.ProviderConfig).DockerClient
}

// stopAndRemove ends a container the way its program expects and removes it; one that is gone already is fine.
func stopAndRemove(ctx context.Context, docker *client.Client, id string, d *schema.ResourceData) error {
	var grace *time.Duration // nil: the container's own stop time-out
	if seconds := d.Get("destroy_grace_seconds").(int); seconds > 0 {
		wanted := time.Duration(seconds) * time.Second
		grace = &wanted
	}
	if err := docker.ContainerStop(ctx, id, grace); err != nil && !client.IsErrNotFound(err) {
		return err
	}
	options := types.ContainerRemoveOptions{RemoveVolumes: d.Get("remove_volumes").(bool), Force: true}
	err := docker.ContainerRemove(ctx, id, options)
	if client.IsErrNotFound(err) || (err != nil && strings.Contains(err.Error(), "already in progress")) {
		return nil
	}
	return err
}
