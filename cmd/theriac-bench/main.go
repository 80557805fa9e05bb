// Command theriac-bench measures Theriac beside an anchor in the same run: the
// machines are shared, so only ratios hold.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// A result is a figure beside its anchor's.
type result struct {
	Name        string  `json:"name"`
	Value       float64 `json:"value"`
	Unit        string  `json:"unit"`
	Anchor      string  `json:"anchor"`
	AnchorValue float64 `json:"anchor_value"`
	Ratio       float64 `json:"ratio"`
}

func newResult(name string, value float64, unit, anchor string, anchorValue float64) result {
	return result{name, value, unit, anchor, anchorValue, value / anchorValue}
}

type options struct {
	validators []int
	clients    []int
	duration   time.Duration
	progress   func(format string, args ...any)
}

type cli struct {
	JSON   bool      `help:"Print the results as JSON."`
	Ledger ledgerCmd `cmd:"" help:"Committed transactions a second, beside CometBFT's kvstore."`
}

type ledgerCmd struct {
	Validators []int         `help:"Numbers of validators to run." default:"1,4"`
	Clients    []int         `help:"Numbers of clients that wait for each commit." default:"1,64,256"`
	Duration   time.Duration `help:"How long each figure is measured." default:"3s"`
}

func (c *ledgerCmd) Run(ctx context.Context, progress func(string, ...any)) ([]result, error) {
	return ledgerBench(ctx, options{c.Validators, c.Clients, c.Duration, progress})
}

func run(args []string, stdout, stderr io.Writer) int {
	var c cli
	parser, err := kong.New(&c, kong.Name("theriac-bench"), kong.Writers(stdout, stderr),
		kong.Description("Measures Theriac beside an anchor in the same run."))
	if err != nil {
		fmt.Fprintln(stderr, "theriac-bench:", err)
		return 2
	}
	k, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintln(stderr, "theriac-bench:", err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	_ = k
	results, err := c.Ledger.Run(ctx, func(f string, a ...any) { fmt.Fprintf(stderr, f+"\n", a...) })
	if err != nil {
		fmt.Fprintln(stderr, "theriac-bench:", err)
		return 1
	}
	if c.JSON {
		enc := json.NewEncoder(stdout)
		enc.SetIndent("", "  ")
		if err := enc.Encode(results); err != nil {
			return 1
		}
		return 0
	}
	for _, r := range results {
		fmt.Fprintf(stdout, "%-40s %12.1f %-6s %-40s %12.1f  ratio %.2f\n", r.Name, r.Value, r.Unit, r.Anchor, r.AnchorValue, r.Ratio)
	}
	return 0
}
