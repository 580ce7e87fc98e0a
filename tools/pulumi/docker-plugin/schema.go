package main

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/customdiff"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
)

// extendSchema adds the arguments of the current SDK that this module serves. The bridge refuses all others by name
// ("Invalid or unknown key"), so no limit is silently missing.
func extendSchema(resource *schema.Resource) {
	fields := resource.Schema
	fields["cpus"] = &schema.Schema{
		Type: schema.TypeString, Optional: true, ValidateDiagFunc: validateCPUs, DiffSuppressFunc: sameCPUs,
	}
	fields["memory_reservation"] = &schema.Schema{Type: schema.TypeInt, Optional: true}

	upload := fields["upload"].Elem.(*schema.Resource).Schema
	for _, name := range []string{"permissions", "owner", "group"} {
		upload[name] = &schema.Schema{Type: schema.TypeString, Optional: true, ForceNew: true}
	}
	// The engine cannot change these in place; bridged, a change is written to the state and done nowhere.
	for _, name := range []string{"healthcheck", "init", "rm", "tmpfs"} {
		fields[name].ForceNew = true
	}
	for _, field := range fields["healthcheck"].Elem.(*schema.Resource).Schema {
		field.ForceNew = true
	}
}

// replaceWhenLimitIsRemoved: for the engine's update call zero means "leave as it is", so a limit cannot be lifted.
func replaceWhenLimitIsRemoved(ctx context.Context, d *schema.ResourceDiff, meta any) error {
	lifted := func(_ context.Context, before, after, _ any) bool {
		return fmt.Sprint(before) != zero(before) && fmt.Sprint(after) == zero(after)
	}
	for _, name := range []string{"cpus", "memory", "memory_reservation", "cpu_set", "cpu_shares"} {
		if err := customdiff.ForceNewIfChange(name, lifted)(ctx, d, meta); err != nil {
			return err
		}
	}
	return nil
}

func zero(value any) string {
	if _, text := value.(string); text {
		return ""
	}
	return "0"
}
