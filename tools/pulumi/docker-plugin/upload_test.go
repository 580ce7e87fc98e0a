package main

import "testing"

func upload(fields map[string]any) map[string]any {
	whole := map[string]any{"file": "/etc/basalt/key", "content": "secret", "executable": false}
	for name, value := range fields {
		whole[name] = value
	}
	return whole
}

func TestUploadHasTheDeclaredPermissionsAndOwner(t *testing.T) {
	entry, err := entryOf(upload(map[string]any{"permissions": "0400", "owner": "101", "group": "102"}))
	if err != nil {
		t.Fatal(err)
	}
	if h := entry.header; h.Mode != 0o400 || h.Uid != 101 || h.Gid != 102 || h.Size != 6 {
		t.Errorf("got %+v", h)
	}
}

func TestUploadWithoutPermissionsIsReadableOrExecutable(t *testing.T) {
	plain, _ := entryOf(upload(nil))
	script, _ := entryOf(upload(map[string]any{"executable": true}))
	if plain.header.Mode != 0o644 || script.header.Mode != 0o744 {
		t.Errorf("got %o and %o", plain.header.Mode, script.header.Mode)
	}
}

func TestWrongUploadsAreRefused(t *testing.T) {
	for name, fields := range map[string]map[string]any{
		"two contents":  {"content_base64": "eA=="},
		"relative path": {"file": "etc/key"},
		"mode":          {"permissions": "u+r"},
		"owner by name": {"owner": "postgres"},
	} {
		if _, err := entryOf(upload(fields)); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
