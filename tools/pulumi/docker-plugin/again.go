package main

import (
	"context"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
)

// defaults is the key under which the bridge lists, in each object of the inputs, what it added to those of the program.
const defaults = "__defaults"

// Check answers with what it answered before where the program says the same again; the bridge would put both sides
// into Terraform's form to find the same defaults. What it would find otherwise because this plugin has changed since
// shows when the resource changes.
func (s server) Check(ctx context.Context, request *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	before := request.GetOlds()
	// What nobody has checked lists no defaults: the engine sends an empty object for what is not there yet.
	if _, checked := before.GetFields()[defaults]; checked && saidAgain(before, request.GetNews()) {
		return &pulumirpc.CheckResponse{Inputs: before}, nil
	}
	return s.ResourceProviderServer.Check(ctx, request)
}

// saidAgain: what was checked before is what is said now, and defaults that were added then.
func saidAgain(before, now *structpb.Struct) bool {
	added := map[string]bool{defaults: true}
	for _, name := range before.GetFields()[defaults].GetListValue().GetValues() {
		added[name.GetStringValue()] = true
	}
	for name, value := range now.GetFields() {
		known, there := before.GetFields()[name]
		if !there || added[name] || !sameAgain(known, value) {
			return false
		}
	}
	for name := range before.GetFields() {
		if _, there := now.GetFields()[name]; !there && !added[name] {
			return false
		}
	}
	return true
}

func sameAgain(before, now *structpb.Value) bool {
	if object := before.GetStructValue(); object != nil {
		return now.GetStructValue() != nil && saidAgain(object, now.GetStructValue())
	}
	if list := before.GetListValue(); list != nil {
		values, said := list.GetValues(), now.GetListValue().GetValues()
		if now.GetListValue() == nil || len(values) != len(said) {
			return false
		}
		for i, value := range values {
			if !sameAgain(value, said[i]) {
				return false
			}
		}
		return true
	}
	return proto.Equal(before, now)
}
