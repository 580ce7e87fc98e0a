package main

import (
	"context"

	"github.com/docker/docker/client"
	"github.com/hashicorp/terraform-plugin-sdk/v2/diag"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
)

// bridgedVolume replaces how a volume is read and deleted: bridged, a volume that is gone makes every refresh fail in
// place of being drift, and each delete sleeps two seconds first.
type bridgedVolume struct {
	bridged schema.Resource
}

func extendVolume(resource *schema.Resource) {
	v := bridgedVolume{bridged: *resource}
	resource.ReadContext = v.read
	resource.DeleteContext = v.delete
}

func (v bridgedVolume) read(ctx context.Context, d *schema.ResourceData, meta any) diag.Diagnostics {
	if _, err := engine(meta).VolumeInspect(ctx, d.Id()); client.IsErrNotFound(err) {
		d.SetId("")
		return nil
	}
	return v.bridged.ReadContext(ctx, d, meta)
}

func (v bridgedVolume) delete(ctx context.Context, d *schema.ResourceData, meta any) diag.Diagnostics {
	if err := engine(meta).VolumeRemove(ctx, d.Id(), true); err == nil {
		d.SetId("")
		return nil
	}
	return v.bridged.DeleteContext(ctx, d, meta) // waits while a container that goes away still uses it
}
