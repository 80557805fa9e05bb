package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"theriac/canon"
	"theriac/chain"
)

// txSize is the size of the transactions that the ledger benchmark commits.
const txSize = 500

type ledgerCmd struct {
	Validators []int         `help:"Numbers of validators to run." default:"1,4"`
	Clients    []int         `help:"Numbers of clients that wait for each commit." default:"1,64,256"`
	Duration   time.Duration `help:"How long each figure is measured in a round." default:"3s"`
}

// Help implements kong.HelpProvider.
func (ledgerCmd) Help() string {
	return `Clients hand in signed transactions of 500 bytes, each its next one when the last is
committed. The anchors run on the same engine: CometBFT's kvstore application bare, and
with the verification of a P-256 signature a transaction at every node.

  theriac-bench ledger
  theriac-bench --rounds 5 ledger --validators 1 --clients 256 --duration 5s`
}

const (
	kindOurs     = "theriac"
	kindBare     = "kvstore"
	kindVerified = "kvstore+verify"
)

func (c *ledgerCmd) bench(ctx context.Context, b bench) ([]result, error) {
	var out []result
	for _, validators := range c.Validators {
		for _, clients := range c.Clients {
			name := fmt.Sprintf("ledger, %d validators, %d clients", validators, clients)
			measure := func(kind string) func() (float64, error) {
				return func() (float64, error) {
					b.progress("%s: %s", name, kind)
					rate, err := commitRate(ctx, b.dir, load{kind: kind, validators: validators, clients: clients, duration: c.Duration, tx: evidenceTx})
					if err != nil {
						err = fmt.Errorf("%s: %s: %w", name, kind, err)
					}
					return rate, err
				}
			}
			rates, err := interleave(ctx, b.or(3), measure(kindOurs), measure(kindVerified), measure(kindBare))
			if err != nil {
				return nil, err
			}
			out = append(out,
				newResult(name, "tx/s", rates[0], "kvstore with the same verification", rates[1]),
				newResult(name, "tx/s", rates[0], "kvstore bare", rates[2]))
		}
	}
	return out, nil
}

// evidenceTx is a transaction of txSize bytes: the anchor of a document.
func evidenceTx(n *benchNet, i int) ([]byte, error) {
	tx, err := n.sign(chain.KindEvidence, chain.Evidence{Digest: canon.Sum(fmt.Appendf(nil, "%d", i)), Media: strings.Repeat("x", 253)})
	if err == nil && len(tx) != txSize {
		err = fmt.Errorf("a transaction of %d bytes, not %d", len(tx), txSize)
	}
	return tx, err
}
