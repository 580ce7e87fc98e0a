// pulumi-resource-docker: the Docker provider for machines that cannot download the official plugin.
//
// It bridges the same Terraform provider, at the commit that pulumi-docker 4.0.0 names in its own go.mod (no later
// commit is a Go module that the module proxy serves), and speaks the arguments of the Python SDK 5.2.0. What that
// commit lacks, or does in a way that loses a container, is replaced in this module; each file says what and why.
package main

import (
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shimv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/cmdutil"
	"github.com/terraform-providers/terraform-provider-docker/internal/provider"
)

// version is the SDK's that this plugin serves; the linker sets it, so that the number is written in one place.
var version = "v0.0.0"

func main() {
	docker := provider.New(version)()
	speakModernAPI(docker)
	extendContainer(docker.ResourcesMap["docker_container"])
	extendNetwork(docker.ResourcesMap["docker_network"])
	extendVolume(docker.ResourcesMap["docker_volume"])
	if err := serve(version, info(docker), []byte(`{"name": "docker", "version": "`+version[1:]+`"}`)); err != nil {
		cmdutil.ExitError(err.Error())
	}
}

func info(docker *schema.Provider) tfbridge.ProviderInfo {
	bridged := shimv2.NewProvider(docker)
	resources := map[string]*tfbridge.ResourceInfo{
		"docker_container": {Tok: token("container", "Container"), DeleteBeforeReplace: true},
		"docker_network":   {Tok: token("network", "Network"), DeleteBeforeReplace: true},
		"docker_volume":    {Tok: token("volume", "Volume"), DeleteBeforeReplace: true},
		"docker_image":     {Tok: token("remoteImage", "RemoteImage"), Fields: imageFields()},
	}
	for name, resource := range resources {
		resource.Fields = spellOut(bridged.ResourcesMap().Get(name).Schema(), resource.Fields)
	}
	return tfbridge.ProviderInfo{P: bridged, Name: "docker", Version: version, Resources: resources}
}

func token(module, resource string) tokens.Type {
	return tokens.Type("docker:index/" + module + ":" + resource)
}

// imageFields gives the build arguments the names that they have had since version 3 of the Terraform provider.
func imageFields() map[string]*tfbridge.SchemaInfo {
	build := map[string]*tfbridge.SchemaInfo{
		"path":      {Name: "context"},
		"build_arg": {Name: "buildArgs"},
		"label":     {Name: "labels"},
	}
	return map[string]*tfbridge.SchemaInfo{
		"build": {Elem: &tfbridge.SchemaInfo{Fields: build}},
	}
}
