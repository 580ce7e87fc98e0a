package main

import (
	"testing"

	"github.com/docker/docker/api/types"
)

func state(running bool, health string) types.ContainerJSON {
	found := types.ContainerState{Running: running}
	if health != "" {
		found.Health = &types.Health{Status: health}
	}
	return types.ContainerJSON{ContainerJSONBase: &types.ContainerJSONBase{State: &found}}
}

func TestWaitingEndsWhenItCannotHelp(t *testing.T) {
	for name, one := range map[string]struct {
		found         types.ContainerJSON
		wait, mustRun bool
		done, wrong   bool
	}{
		"runs, nobody waits":       {state(true, ""), false, true, true, false},
		"healthy":                  {state(true, "healthy"), true, true, true, false},
		"starting":                 {state(true, "starting"), true, true, false, false},
		"unhealthy may recover":    {state(true, "unhealthy"), true, true, false, false},
		"ended":                    {state(false, ""), true, true, true, true},
		"ended as it should":       {state(false, ""), true, false, true, false},
		"waits for no healthcheck": {state(true, ""), true, true, true, true},
	} {
		if done, problem := verdict(one.found, one.wait, one.mustRun); done != one.done || (problem != nil) != one.wrong {
			t.Errorf("%s: got %v, %v", name, done, problem)
		}
	}
}
