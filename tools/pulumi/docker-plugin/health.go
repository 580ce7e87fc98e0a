package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
)

const (
	pollInterval = 200 * time.Millisecond
	lastLines    = "15"
)

// await waits until a container that was just started runs, and with `wait` until it is healthy. It gives up as soon
// as waiting cannot help; the bridged wait lasts until its time-out when the container has ended.
func await(ctx context.Context, docker *client.Client, d *schema.ResourceData) error {
	patience := time.Duration(d.Get("wait_timeout").(int)) * time.Second
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		found, err := docker.ContainerInspect(limited, d.Id())
		if err != nil && limited.Err() == nil {
			return err
		}
		if err == nil {
			if done, problem := verdict(found, d.Get("wait").(bool), d.Get("must_run").(bool)); done {
				return lastWords(ctx, docker, found, problem)
			}
		}
		select {
		case <-limited.Done():
			problem := fmt.Errorf("was not healthy after %s", patience)
			return lastWords(ctx, docker, found, problem)
		case <-time.After(pollInterval):
		}
	}
}

// verdict says whether waiting is over, and what is wrong then. Unhealthy is not the end: a replica that copies its
// primary is so for long, and wait_timeout says how long that may be.
func verdict(found types.ContainerJSON, wait, mustRun bool) (bool, error) {
	state := found.State
	switch {
	case !state.Running && mustRun:
		return true, fmt.Errorf("ended with status %d %s", state.ExitCode, state.Error)
	case !wait || !state.Running:
		return true, nil
	case state.Health == nil:
		return true, errors.New("has no health check to wait for")
	}
	return state.Health.Status == types.Healthy, nil
}

// lastWords adds what the container said: it is removed afterwards, so this is the only place where it can be read.
func lastWords(ctx context.Context, docker *client.Client, found types.ContainerJSON, problem error) error {
	if problem == nil || found.ContainerJSONBase == nil {
		return problem
	}
	words := []string{fmt.Sprintf("container %s %s", strings.TrimPrefix(found.Name, "/"), problem)}
	if health := found.State.Health; health != nil && len(health.Log) > 0 {
		last := health.Log[len(health.Log)-1]
		words = append(words, fmt.Sprintf("last probe (status %d): %s", last.ExitCode, strings.TrimSpace(last.Output)))
	}
	if log := tail(ctx, docker, found); log != "" {
		words = append(words, "its last lines:\n"+log)
	}
	return errors.New(strings.Join(words, "\n"))
}

func tail(ctx context.Context, docker *client.Client, found types.ContainerJSON) string {
	options := types.ContainerLogsOptions{ShowStdout: true, ShowStderr: true, Tail: lastLines}
	stream, err := docker.ContainerLogs(ctx, found.ID, options)
	if err != nil {
		return ""
	}
	defer stream.Close()
	var text bytes.Buffer
	if found.Config.Tty {
		_, err = text.ReadFrom(stream)
	} else {
		_, err = stdcopy.StdCopy(&text, &text, stream)
	}
	if err != nil {
		return ""
	}
	return strings.TrimRight(text.String(), "\n")
}
