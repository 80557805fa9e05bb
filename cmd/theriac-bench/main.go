// Command theriac-bench measures Theriac beside an anchor in the same run: the
// machines are shared, so only ratios hold. Rounds of both are interleaved, and
// each figure is the median of its rounds.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/pprof"
	"syscall"

	"github.com/alecthomas/kong"
)

func main() { os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr)) }

type cli struct {
	JSON   bool   `help:"Print the results as JSON."`
	Rounds int    `help:"Rounds of each figure, of which the median counts; 0: the benchmark's own number." default:"0"`
	Dir    string `help:"Folder for what the benchmarks write." placeholder:"DIR" type:"existingdir"`

	Profile string `help:"Write a CPU profile of ours and the anchors together." placeholder:"FILE" type:"path"`

	Ledger  ledgerCmd  `cmd:"" help:"Committed transactions a second, beside CometBFT's kvstore."`
	Verify  verifyCmd  `cmd:"" help:"Verification of a complete history, beside its bare signatures."`
	Batch   batchCmd   `cmd:"" help:"Commitment to a batch of packs, beside its bare hashes; memory; proofs."`
	Units   unitsCmd   `cmd:"" help:"Transitions of packs a second, beside kvstore; bytes a pack."`
	Costs   costsCmd   `cmd:"" help:"Operations and bytes a phase, beside the paper's tables 2 and 3."`
	Genuine genuineCmd `cmd:"" help:"Registration, verification and identification, beside paper 001's tables; keys; noise."`
	Web     webCmd     `cmd:"" help:"The verify page in Chromium: its weight, a proof check, the verdict after a scan."`
	All     allCmd     `cmd:"" help:"All of these."`
}

// Help implements kong.HelpProvider.
func (cli) Help() string {
	return `Each figure is printed with its anchor's from the same run, and the ratio of the two.
JSON is [{"name","value","unit","anchor","anchor_value","ratio"}]. Progress goes to stderr.

  theriac-bench verify
  theriac-bench --json --rounds 5 all > bench.json
  theriac-bench ledger --validators 1 --clients 64`
}

// A benchmark is a verb.
type benchmark interface {
	bench(ctx context.Context, b bench) ([]result, error)
}

// An exit unwinds kong's own endings, as after --help.
type exit int

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (status int) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	defer func() {
		if r := recover(); r != nil {
			code, ok := r.(exit)
			if !ok {
				panic(r)
			}
			status = int(code)
		}
	}()
	var c cli
	parser, err := kong.New(&c, kong.Name("theriac-bench"), kong.Writers(stdout, stderr),
		kong.Description("Measures Theriac beside an anchor in the same run."),
		kong.Exit(func(code int) { panic(exit(code)) }))
	if err != nil {
		fmt.Fprintln(stderr, "theriac-bench:", err)
		return 2
	}
	k, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintln(stderr, "theriac-bench:", err)
		fmt.Fprintln(stderr, "Try: theriac-bench --help")
		return 2
	}
	if err := c.measure(ctx, k.Selected().Target.Addr().Interface(), stdout, stderr); err != nil {
		fmt.Fprintln(stderr, "theriac-bench:", err)
		return 1
	}
	return 0
}

// measure runs the chosen benchmark and prints its results.
func (c *cli) measure(ctx context.Context, chosen any, stdout, stderr io.Writer) error {
	b := bench{rounds: c.Rounds, dir: c.Dir, progress: func(f string, a ...any) { fmt.Fprintf(stderr, f+"\n", a...) }}
	stop, err := profile(c.Profile)
	if err != nil {
		return err
	}
	results, err := chosen.(benchmark).bench(ctx, b)
	if err = errors.Join(err, stop()); err != nil {
		return err
	}
	if !c.JSON {
		return printResults(stdout, results)
	}
	enc := json.NewEncoder(stdout)
	enc.SetIndent("", "  ")
	return enc.Encode(results)
}

// profile begins a CPU profile, if there is a file for it, and returns what ends it.
func profile(file string) (stop func() error, err error) {
	if file == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(file)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return f.Close()
	}, nil
}

// or returns the number of rounds that were asked for, or the benchmark's own.
func (b bench) or(own int) int {
	if b.rounds > 0 {
		return b.rounds
	}
	return own
}
