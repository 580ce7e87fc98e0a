package main

import (
	"context"
	"strings"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/versions"
	"github.com/docker/docker/client"
	"github.com/hashicorp/terraform-plugin-sdk/v2/diag"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/terraform-providers/terraform-provider-docker/internal/provider"
)

func engine(meta any) *client.Client {
	return meta.(*provider.ProviderConfig).DockerClient
}

// modernAPI is the oldest version of the API that Docker Engine 29 still serves. The bridged client knows no later one
// than 1.41; what is called here and there is the same in both.
const modernAPI = "1.44"

// speakModernAPI lets the client talk to engines that refuse its own version.
func speakModernAPI(docker *schema.Provider) {
	configure := docker.ConfigureContextFunc
	docker.ConfigureContextFunc = func(ctx context.Context, d *schema.ResourceData) (any, diag.Diagnostics) {
		meta, problems := configure(ctx, d)
		if problems.HasError() {
			return meta, problems
		}
		answer, err := engine(meta).Ping(ctx)
		if err == nil && versions.GreaterThanOrEqualTo(answer.APIVersion, modernAPI) {
			err = client.WithVersion(modernAPI)(engine(meta))
		}
		return meta, append(problems, diag.FromErr(err)...)
	}
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
