package main

import "testing"

func TestWhatWasCheckedIsAnsweredForWhatIsSaidAgain(t *testing.T) {
	checked := map[string]any{
		"name": "redis-1", "start": true, defaults: []any{"start"},
		"hosts": []any{map[string]any{"host": "a", "ip": "10.0.0.1", defaults: []any{}}},
		"tmpfs": map[string]any{"/tmp": "size=1m"},
	}
	with := func(name string, value any) map[string]any {
		made := map[string]any{
			"name":  "redis-1",
			"hosts": []any{map[string]any{"host": "a", "ip": "10.0.0.1"}},
			"tmpfs": map[string]any{"/tmp": "size=1m"},
		}
		if name != "" {
			made[name] = value
		}
		return made
	}
	without := with("", nil)
	delete(without, "tmpfs")
	for name, one := range map[string]struct {
		news map[string]any
		same bool
	}{
		"the same":                    {with("", nil), true},
		"another name":                {with("name", "redis-2"), false},
		"a default, but said":         {with("start", true), false},
		"a default, said otherwise":   {with("start", false), false},
		"something more":              {with("user", "1"), false},
		"something less":              {without, false},
		"less in a list":              {with("hosts", []any{}), false},
		"other in a list":             {with("hosts", []any{map[string]any{"host": "b", "ip": "10.0.0.1"}}), false},
		"less in an object of a list": {with("hosts", []any{map[string]any{"host": "a"}}), false},
		"more in a map":               {with("tmpfs", map[string]any{"/tmp": "size=1m", "/run": ""}), false},
		"a list where an object was":  {with("tmpfs", []any{}), false},
		"a string where a list was":   {with("hosts", "a"), false},
		"nothing where something was": {map[string]any{}, false},
	} {
		if saidAgain(said(t, checked), said(t, one.news)) != one.same {
			t.Errorf("%s: said again is %v", name, !one.same)
		}
	}
}
