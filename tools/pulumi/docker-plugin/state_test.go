package main

import "testing"

func TestNothingButTheDeltaIsLeftOut(t *testing.T) {
	state := said(t, map[string]any{"name": "redis-1", rawStateDelta: map[string]any{"obj": 1.0}})
	lean(state)
	if fields := state.GetFields(); len(fields) != 1 || fields["name"].GetStringValue() != "redis-1" {
		t.Errorf("left: %v", fields)
	}
	lean(nil)
}
