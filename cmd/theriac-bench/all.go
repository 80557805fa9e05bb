package main

import (
	"context"
	"fmt"
	"time"
)

type allCmd struct {
	Duration time.Duration `help:"How long each throughput is measured in a round." default:"3s"`
}

// Help implements kong.HelpProvider.
func (allCmd) Help() string {
	return `All benchmarks with their defaults, one after another; about half an hour.

  theriac-bench --json all > bench.json
  theriac-bench --rounds 1 all --duration 1s`
}

func (c *allCmd) bench(ctx context.Context, b bench) ([]result, error) {
	var out []result
	for _, x := range []struct {
		name string
		benchmark
	}{
		{"verify", &verifyCmd{Validators: 4}},
		{"batch", &batchCmd{Packs: 1e6, Memory: []uint64{1e5, 1e6, 1e7}}},
		{"units", &unitsCmd{Packs: 1e6, Clients: 64, Shown: 1000, Duration: c.Duration}},
		{"costs", &costsCmd{}},
		{"genuine", &genuineCmd{
			Measurements: 1e6, Packs: []uint64{1e4, 1e5, 1e6}, Validators: []int{1, 4}, Clients: 64, Duration: c.Duration, Tries: 300,
		}},
		{"web", webCmd{}},
		{"ledger", &ledgerCmd{Validators: []int{1, 4}, Clients: []int{1, 64, 256}, Duration: c.Duration}},
	} {
		results, err := x.bench(ctx, b)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", x.name, err)
		}
		out = append(out, results...)
	}
	return out, nil
}
