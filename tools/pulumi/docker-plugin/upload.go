package main

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/client"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
)

// putUploads fills a container that does not run yet. Bridged, each file is root's, 0644 or 0744, and extracted at "/",
// which the engine refuses for a read-only root even when the file lies in a volume. Here a file is extracted at the
// deepest folder that is there, so a read-only container takes its files in a volume.
func putUploads(ctx context.Context, docker *client.Client, id string, uploads *schema.Set) error {
	archives := map[string][]tarEntry{}
	for _, raw := range uploads.List() {
		entry, err := entryOf(raw.(map[string]any))
		if err != nil {
			return err
		}
		folder, err := deepestFolder(ctx, docker, id, entry.header.Name)
		if err != nil {
			return err
		}
		entry.header.Name = strings.TrimPrefix(strings.TrimPrefix(entry.header.Name, folder), "/")
		archives[folder] = append(archives[folder], entry)
	}
	for folder, entries := range archives {
		archive, err := pack(entries)
		if err != nil {
			return err
		}
		// Without CopyUIDGID, which in spite of its name gives every file to the user of the container.
		if err := docker.CopyToContainer(ctx, id, folder, archive, types.CopyToContainerOptions{}); err != nil {
			return fmt.Errorf("uploading to %s: %w", folder, err)
		}
	}
	return nil
}

func deepestFolder(ctx context.Context, docker *client.Client, id, file string) (string, error) {
	for folder := path.Dir(file); folder != "/"; folder = path.Dir(folder) {
		found, err := docker.ContainerStatPath(ctx, id, folder)
		if err == nil && (found.Mode.IsDir() || found.LinkTarget != "") {
			return folder, nil
		}
		if err != nil && !client.IsErrNotFound(err) {
			return "", err
		}
	}
	return "/", nil
}

type tarEntry struct {
	header  tar.Header
	content []byte
}

func pack(entries []tarEntry) (*bytes.Buffer, error) {
	var archive bytes.Buffer
	files := tar.NewWriter(&archive)
	for _, entry := range entries {
		if err := files.WriteHeader(&entry.header); err != nil {
			return nil, err
		}
		if _, err := files.Write(entry.content); err != nil {
			return nil, err
		}
	}
	return &archive, files.Close()
}

func entryOf(upload map[string]any) (tarEntry, error) {
	file := text(upload, "file")
	if !path.IsAbs(file) {
		return tarEntry{}, fmt.Errorf("upload %s: the path must be absolute", file)
	}
	content, err := contentOf(upload)
	if err != nil {
		return tarEntry{}, fmt.Errorf("upload %s: %w", file, err)
	}
	header, err := headerOf(upload, int64(len(content)))
	if err != nil {
		return tarEntry{}, fmt.Errorf("upload %s: %w", file, err)
	}
	return tarEntry{header: header, content: content}, nil
}

func headerOf(upload map[string]any, size int64) (tar.Header, error) {
	permissions := text(upload, "permissions")
	if permissions == "" {
		permissions = map[bool]string{true: "0744", false: "0644"}[upload["executable"].(bool)]
	}
	mode, err := strconv.ParseInt(permissions, 8, 32)
	if err != nil {
		return tar.Header{}, fmt.Errorf("permissions: %q is not an octal mode such as 0400", permissions)
	}
	owner, err := number(upload, "owner")
	if err != nil {
		return tar.Header{}, err
	}
	group, err := number(upload, "group")
	if err != nil {
		return tar.Header{}, err
	}
	return tar.Header{
		Name: path.Clean(text(upload, "file")), Mode: mode, Size: size, Uid: owner, Gid: group, ModTime: time.Now(),
	}, nil
}

// number: names are refused, for only the machine of the plugin could resolve them, not the container.
func number(upload map[string]any, field string) (int, error) {
	value := text(upload, field)
	if value == "" {
		return 0, nil
	}
	id, err := strconv.Atoi(value)
	if err != nil || id < 0 {
		return 0, fmt.Errorf("%s: %q is not a numeric id", field, value)
	}
	return id, nil
}

func contentOf(upload map[string]any) ([]byte, error) {
	given := 0
	for _, field := range []string{"content", "content_base64", "source"} {
		if text(upload, field) != "" {
			given++
		}
	}
	switch {
	case given > 1:
		return nil, fmt.Errorf("give one of content, content_base64 and source")
	case text(upload, "source") != "":
		return os.ReadFile(text(upload, "source"))
	case text(upload, "content_base64") != "":
		return base64.StdEncoding.DecodeString(text(upload, "content_base64"))
	}
	return []byte(text(upload, "content")), nil // an empty file is a file
}

func text(upload map[string]any, field string) string {
	value, _ := upload[field].(string)
	return value
}
