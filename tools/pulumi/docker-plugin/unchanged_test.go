package main

import (
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/structpb"
)

func said(t *testing.T, fields map[string]any) *structpb.Struct {
	t.Helper()
	made, err := structpb.NewStruct(fields)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestOnlyWhatIsSaidAgainIsTakenForUnchanged(t *testing.T) {
	plain := map[string]any{"name": "redis-1", "mustRun": true, "hosts": []any{map[string]any{"host": "a"}}}
	other := map[string]any{"name": "redis-1", "mustRun": true, "hosts": []any{map[string]any{"host": "b"}}}
	stopped := map[string]any{"name": "redis-1", "mustRun": false}
	silent := map[string]any{"name": "redis-1"}
	for name, one := range map[string]struct {
		inputs, state, news map[string]any
		same                bool
	}{
		"said again":                         {plain, plain, plain, true},
		"said otherwise":                     {plain, plain, other, false},
		"said more":                          {silent, plain, plain, false},
		"found otherwise by a refresh":       {other, other, plain, false},
		"found stopped, and should run":      {plain, stopped, plain, false},
		"found stopped, nothing was said":    {silent, stopped, silent, false},
		"found stopped, and that was wanted": {stopped, stopped, stopped, true},
	} {
		request := &pulumirpc.DiffRequest{
			OldInputs: said(t, one.inputs), Olds: said(t, one.state), News: said(t, one.news),
		}
		if unchanged(request) != one.same {
			t.Errorf("%s: unchanged is %v", name, !one.same)
		}
	}
}

func TestAnEngineThatKeepsNoInputsIsAnsweredByTheBridge(t *testing.T) {
	plain := map[string]any{"name": "redis-1"}
	if unchanged(&pulumirpc.DiffRequest{Olds: said(t, plain), News: said(t, plain)}) {
		t.Error("there was nothing to compare with")
	}
}
