package main

import (
	"context"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/proto"
)

// server answers for what did not change without asking the bridge, which turns both sides into Terraform's form and
// back: half of this plugin's time in an update in which nothing changes.
type server struct {
	pulumirpc.ResourceProviderServer
}

func serve(version string, info tfbridge.ProviderInfo, schema []byte) error {
	info.P.InitLogging(context.Background())
	return provider.Main(info.Name, func(host *provider.HostClient) (pulumirpc.ResourceProviderServer, error) {
		bridged := tfbridge.NewProvider(context.Background(), host, info.Name, version, info.P, info, schema)
		return server{bridged}, nil
	})
}

func (s server) Diff(ctx context.Context, request *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	if unchanged(request) {
		return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}, nil
	}
	return s.ResourceProviderServer.Diff(ctx, request)
}

// unchanged: the program says what it said when the state was last written. A refresh writes what it finds into the
// inputs too, where the program gave them; what it finds of an input that the program left out is compared here.
func unchanged(request *pulumirpc.DiffRequest) bool {
	before, now := request.GetOldInputs(), request.GetNews()
	return before != nil && proto.Equal(before, now) && !stopped(request)
}

// stopped: a container that should run was found not to.
func stopped(request *pulumirpc.DiffRequest) bool {
	found, wanted := request.GetOlds().GetFields()["mustRun"], request.GetNews().GetFields()["mustRun"]
	return found != nil && !found.GetBoolValue() && (wanted == nil || wanted.GetBoolValue())
}
