package main

import (
	"context"
	"fmt"
	"math/big"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"github.com/hashicorp/go-cty/cty"
	"github.com/hashicorp/terraform-plugin-sdk/v2/diag"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
)

const mebibyte = 1 << 20

// limit gives a container the limits that can change while it runs, all at once: memory cannot grow beyond
// memory_swap, so one alone may be refused.
func limit(ctx context.Context, docker *client.Client, d *schema.ResourceData) error {
	cpus, err := nanoCPUs(d.Get("cpus").(string))
	if err != nil {
		return err
	}
	memory := int64(d.Get("memory").(int)) * mebibyte
	_, err = docker.ContainerUpdate(ctx, d.Id(), container.UpdateConfig{
		RestartPolicy: container.RestartPolicy{
			Name:              d.Get("restart").(string),
			MaximumRetryCount: d.Get("max_retry_count").(int),
		},
		Resources: container.Resources{
			NanoCPUs:          cpus,
			CPUShares:         int64(d.Get("cpu_shares").(int)),
			CpusetCpus:        d.Get("cpu_set").(string),
			Memory:            memory,
			MemorySwap:        swap(d, memory),
			MemoryReservation: int64(d.Get("memory_reservation").(int)) * mebibyte,
		},
	})
	return err
}

// swap is memory and swap together; left out, it is twice the memory, which is the engine's default at creation.
func swap(d *schema.ResourceData, memory int64) int64 {
	switch declared := int64(d.Get("memory_swap").(int)); {
	case declared > 0:
		return declared * mebibyte
	case declared < 0:
		return -1
	default:
		return 2 * memory
	}
}

// nanoCPUs reads a number of CPUs exactly: "0.1" is no binary fraction.
func nanoCPUs(cpus string) (int64, error) {
	if cpus == "" {
		return 0, nil
	}
	value, ok := new(big.Rat).SetString(cpus)
	if !ok || value.Sign() <= 0 {
		return 0, fmt.Errorf("cpus: %q is not a positive number such as 1.5", cpus)
	}
	nano := value.Mul(value, big.NewRat(1e9, 1))
	if !nano.IsInt() || !nano.Num().IsInt64() {
		return 0, fmt.Errorf("cpus: %q is finer than a billionth", cpus)
	}
	return nano.Num().Int64(), nil
}

func formatCPUs(nano int64) string {
	if nano == 0 {
		return ""
	}
	value := big.NewRat(nano, 1e9)
	digits, _ := value.FloatPrec()
	return value.FloatString(digits)
}

func validateCPUs(value any, _ cty.Path) diag.Diagnostics {
	_, err := nanoCPUs(value.(string))
	return diag.FromErr(err)
}

// sameCPUs: "2" and "2.0" are the same limit.
func sameCPUs(_, before, after string, _ *schema.ResourceData) bool {
	old, _ := nanoCPUs(before)
	wanted, err := nanoCPUs(after)
	return err == nil && old == wanted
}
