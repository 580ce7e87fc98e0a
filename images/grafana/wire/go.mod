// Grafana's code holds no pkg/server/wire_gen.go; this writes it.
module basalt/wire

go 1.24.0

tool github.com/google/wire/cmd/wire

require (
	github.com/google/subcommands v1.2.0 // indirect
	github.com/google/wire v0.6.0 // indirect
	github.com/pmezard/go-difflib v1.0.0 // indirect
	golang.org/x/mod v0.29.0 // indirect
	golang.org/x/sync v0.17.0 // indirect
	golang.org/x/tools v0.38.0 // indirect
)
