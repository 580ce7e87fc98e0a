package main

import (
	"context"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/structpb"
)

// rawStateDelta is what the bridge adds to a state, to come back from it to Terraform's exact form when a schema is
// upgraded (pulumi-terraform-bridge, pkg/tfbridge/rawstate.go). Without it the bridge works that form out from the
// properties, as it always did before. Here no schema has ever been upgraded, and of a container it is two fifths
// of all that engine and plugin hand to each other in every update.
const rawStateDelta = "__pulumi_raw_state_delta"

func lean(state *structpb.Struct) {
	delete(state.GetFields(), rawStateDelta)
}

func (s server) Create(ctx context.Context, request *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	made, err := s.ResourceProviderServer.Create(ctx, request)
	lean(made.GetProperties())
	return made, err
}

func (s server) Read(ctx context.Context, request *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	found, err := s.ResourceProviderServer.Read(ctx, request)
	lean(found.GetProperties())
	return found, err
}

func (s server) Update(ctx context.Context, request *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	made, err := s.ResourceProviderServer.Update(ctx, request)
	lean(made.GetProperties())
	return made, err
}
