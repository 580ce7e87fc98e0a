package main

import (
	"context"
	"strings"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/client"
	"github.com/hashicorp/terraform-plugin-sdk/v2/diag"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
)

// bridgedContainer replaces how the bridged resource starts, reads, updates and deletes a container. It fills the gaps to
// the current SDK (cpus, memory_reservation, permissions of uploads) and differs on purpose in this:
//
//   - A stopped container is drift that the next update repairs by starting it. The bridged Read deletes it, so that
//     `pulumi refresh` of a host that has just come up removes the containers it should report.
//   - A container that does not get healthy is removed, its last words are in the error, and the next update makes it
//     anew. Bridged, it stays, and the next update finds nothing to change.
//   - Deleting stops it with its own stop time-out unless destroy_grace_seconds is given. Bridged, it is killed.
type bridgedContainer struct {
	bridged schema.Resource
}

func extendContainer(resource *schema.Resource) {
	c := bridgedContainer{bridged: *resource}
	extendSchema(resource)
	resource.CreateContext = c.create
	resource.ReadContext = c.read
	resource.UpdateContext = c.update
	resource.DeleteContext = c.delete
	resource.CustomizeDiff = replaceWhenLimitIsRemoved
}

func (c bridgedContainer) create(ctx context.Context, d *schema.ResourceData, meta any) diag.Diagnostics {
	if d.Get("attach").(bool) {
		return c.bridged.CreateContext(ctx, d, meta)
	}
	docker := engine(meta)
	if err := removeLeftover(ctx, docker, d); err != nil {
		return diag.FromErr(err)
	}
	// Made and connected to its networks, but not started: limits and files come before the first process.
	declared := remember(d)
	planned := switchOff(d, "start", "wait", "must_run")
	planned["upload"] = d.Get("upload")
	_ = d.Set("upload", nil)
	problems := c.bridged.CreateContext(ctx, d, meta)
	planned.restore(d)
	if !problems.HasError() {
		problems = append(problems, diag.FromErr(launch(ctx, docker, d))...)
	}
	if problems.HasError() {
		return append(problems, diag.FromErr(discard(ctx, docker, d))...)
	}
	return append(problems, c.readAll(ctx, d, meta, declared)...)
}

func launch(ctx context.Context, docker *client.Client, d *schema.ResourceData) error {
	if err := putUploads(ctx, docker, d.Id(), d.Get("upload").(*schema.Set)); err != nil {
		return err
	}
	if err := limit(ctx, docker, d); err != nil {
		return err
	}
	if !d.Get("start").(bool) {
		return nil
	}
	return start(ctx, docker, d)
}

func start(ctx context.Context, docker *client.Client, d *schema.ResourceData) error {
	if err := docker.ContainerStart(ctx, d.Id(), types.ContainerStartOptions{}); err != nil {
		return err
	}
	return await(ctx, docker, d)
}

func (c bridgedContainer) read(ctx context.Context, d *schema.ResourceData, meta any) diag.Diagnostics {
	return c.readAll(ctx, d, meta, remember(d))
}

func (c bridgedContainer) readAll(
	ctx context.Context, d *schema.ResourceData, meta any, declared values,
) diag.Diagnostics {
	docker := engine(meta)
	found, err := docker.ContainerInspect(ctx, d.Id())
	if client.IsErrNotFound(err) {
		d.SetId("")
		return nil
	}
	if err != nil {
		return diag.FromErr(err)
	}
	lifecycle := switchOff(d, "must_run")
	problems := c.bridged.ReadContext(ctx, d, meta)
	if problems.HasError() || d.Id() == "" {
		return problems
	}
	lifecycle.restore(d)
	declared.restore(d)
	readImage(ctx, docker, d, declared, found.Image)
	readState(d, found)
	return problems
}

func (c bridgedContainer) update(ctx context.Context, d *schema.ResourceData, meta any) diag.Diagnostics {
	docker := engine(meta)
	if err := limit(ctx, docker, d); err != nil {
		return diag.FromErr(err)
	}
	if d.HasChange("must_run") && d.Get("must_run").(bool) {
		if err := start(ctx, docker, d); err != nil {
			return diag.FromErr(err)
		}
	}
	return c.read(ctx, d, meta)
}

func (c bridgedContainer) delete(ctx context.Context, d *schema.ResourceData, meta any) diag.Diagnostics {
	return diag.FromErr(discard(ctx, engine(meta), d))
}

func discard(ctx context.Context, docker *client.Client, d *schema.ResourceData) error {
	if d.Id() == "" {
		return nil
	}
	if err := stopAndRemove(ctx, docker, d.Id(), d); err != nil {
		return err
	}
	d.SetId("")
	return nil
}

// ownerLabel marks what one stack owns. What carries the same owner and the same name is what this very stack made
// in an update that was killed before its state was written; anything else under that name stays a conflict.
const ownerLabel = "basalt.owner"

func removeLeftover(ctx context.Context, docker *client.Client, d *schema.ResourceData) error {
	found, err := docker.ContainerInspect(ctx, d.Get("name").(string))
	if client.IsErrNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	// Inspect takes identifiers and their beginnings as well.
	sameName := strings.TrimPrefix(found.Name, "/") == d.Get("name").(string)
	if owner := ownerOf(d); owner == "" || !sameName || found.Config.Labels[ownerLabel] != owner {
		return nil
	}
	return stopAndRemove(ctx, docker, found.ID, d)
}

func ownerOf(d *schema.ResourceData) string {
	for _, raw := range d.Get("labels").(*schema.Set).List() {
		if label := raw.(map[string]any); label["label"] == ownerLabel {
			return label["value"].(string)
		}
	}
	return ""
}
