package main

import (
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
)

type fields = map[string]*tfbridge.SchemaInfo

// spellOut writes down the name that the bridge works out for every field, by the bridge's own rule. Left to itself it
// does so for all fields again at each property of each diff, which took half of this plugin's time.
func spellOut(schema shim.SchemaMap, infos fields) fields {
	if infos == nil {
		infos = fields{}
	}
	names := map[string]string{} // all of them first: the rule looks at what is named already
	schema.Range(func(key string, _ shim.Schema) bool {
		names[key] = tfbridge.TerraformToPulumiNameV2(key, schema, infos)
		return true
	})
	for key, name := range names {
		if infos[key] == nil {
			infos[key] = &tfbridge.SchemaInfo{}
		}
		infos[key].Name = name
		if nested, ok := schema.Get(key).Elem().(shim.Resource); ok {
			if infos[key].Elem == nil {
				infos[key].Elem = &tfbridge.SchemaInfo{}
			}
			infos[key].Elem.Fields = spellOut(nested.Schema(), infos[key].Elem.Fields)
		}
	}
	return infos
}
