package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"time"

	"theriac/canon"
	"theriac/chain"
	"theriac/genuine"
	"theriac/gs1"
	paper "theriac/internal/paper/genuine"
)

// committed is the same on networks: until a registration is committed, and how many
// identifications are, beside transitions of packs.
func (c *genuineCmd) committed(ctx context.Context, b bench, m *mill) ([]result, error) {
	var out []result
	for _, validators := range c.Validators {
		for _, packs := range c.Packs {
			results, err := c.latency(ctx, b, m, validators, packs)
			if err != nil {
				return nil, err
			}
			out = append(out, results...)
		}
		for _, clients := range []int{1, c.Clients} {
			results, err := c.identifications(ctx, b, m, validators, clients)
			if err != nil {
				return nil, err
			}
			out = append(out, results...)
		}
	}
	return out, nil
}

// latency registers a lot again and again, beside transitions of as many packs.
func (c *genuineCmd) latency(ctx context.Context, b bench, m *mill, validators int, packs uint64) (out []result, err error) {
	name := fmt.Sprintf("register %d packs in one go, %d validators: committed", packs, validators)
	b.progress("genuine: %s", name)
	err = onNetwork(ctx, b.dir, kindOurs, validators, func(n *benchNet) error {
		if err := n.opened(ctx, m, "LOT", packs); err != nil {
			return err
		}
		submit := func(kind chain.Kind, body any) (float64, error) {
			tx, err := n.sign(kind, body)
			if err != nil {
				return 0, err
			}
			took, err := timed(func() error { return n.submit[0](ctx, tx) })()
			return took / 1e3, err
		}
		counter, from, to := uint64(0), chain.UnitActive, chain.UnitLocked
		all, err := interleave(ctx, b.or(20),
			func() (float64, error) {
				counter++
				arg, err := m.register(m.terms("LOT", packs, counter, canon.Sum([]byte("marks"))))
				if err != nil {
					return 0, err
				}
				return submit(chain.KindRegister, arg)
			},
			func() (float64, error) {
				u := chain.Units{Batch: chain.BatchID(benchGLN, benchProduct, "LOT"), From: from, To: to, Ranges: []chain.Range{{To: packs}}}
				from, to = to, from
				return submit(chain.KindUnits, u)
			})
		if err == nil {
			out = []result{newResult(name, "ms", all[0], "units, as many packs", all[1])}
		}
		return err
	})
	return out, err
}

// opened waits until the network is ready, and enters the line and a lot.
func (n *benchNet) opened(ctx context.Context, m *mill, lot gs1.Lot, size uint64) error {
	if err := n.ready(ctx, kindOurs); err != nil {
		return err
	}
	for _, a := range append(m.release(lot, size), argument{chain.KindLine, m.line.Put}) {
		tx, err := n.sign(a.kind, a.body)
		if err != nil {
			return err
		}
		if err := n.submit[0](ctx, tx); err != nil {
			return err
		}
	}
	return nil
}

// A measured is a lot whose packs are identified one by one.
type measured struct {
	*mill
	packs uint64
	tree  *genuine.MarkTree
	id    canon.Digest
	state series // bytes a verified mark
	whole series // with the tree over the state
}

// identifications measures how many are committed, each of another pack.
func (c *genuineCmd) identifications(ctx context.Context, b bench, m *mill, validators, clients int) ([]result, error) {
	x := &measured{mill: m, packs: 20_000}
	if clients == 1 {
		x.packs = 4000
	}
	marks, err := m.marks(x.packs)
	if err != nil {
		return nil, err
	}
	x.tree = genuine.NewMarkTree(marks)
	name := fmt.Sprintf("identify, %d validators, %d clients", validators, clients)
	measure := func(kind string, l load) func() (float64, error) {
		l.kind, l.validators, l.clients, l.duration, l.most = kind, validators, clients, c.Duration, int(x.packs)
		return func() (float64, error) {
			b.progress("genuine: %s: %s", name, kind)
			return commitRate(ctx, b.dir, l)
		}
	}
	rates, err := interleave(ctx, b.or(3),
		measure(kindOurs, load{prepare: x.register, tx: x.identifyTx, after: x.size}),
		measure(kindOurs, load{prepare: x.release, tx: x.unitsTx}),
		measure(kindVerified, load{tx: x.identifyTx}))
	if err != nil {
		return nil, err
	}
	out := []result{
		newResult(name, "tx/s", rates[0], "units, one pack", rates[1]),
		newResult(name, "tx/s", rates[0], "kvstore with verification, as many bytes", rates[2]),
	}
	if clients == 1 {
		return append(out, newResult(name, "ms", rates[0].each(1e3), "units, one pack", rates[1].each(1e3))), nil
	}
	const digest = "verification information of each"
	return append(out,
		newResult(name+": state record of a mark", "bytes", x.state, digest, fixed(32)),
		newResult(name+": all state with its tree", "bytes", x.whole, digest, fixed(32))), nil
}

// each turns a rate into how long one takes, in parts of a second.
func (s series) each(parts float64) series {
	out := make(series, len(s))
	for i := range s {
		out[i] = parts / s[i]
	}
	return out
}

func (x *measured) release(ctx context.Context, n *benchNet) error {
	return n.opened(ctx, x.mill, "LOT", x.packs)
}

// register registers the lot, for whose packs there are transactions then.
func (x *measured) register(ctx context.Context, n *benchNet) error {
	if err := x.release(ctx, n); err != nil {
		return err
	}
	arg, err := x.mill.register(x.terms("LOT", x.packs, 1, x.tree.Root()))
	if err != nil {
		return err
	}
	tx, op, err := n.operation(chain.KindRegister, arg)
	if err != nil {
		return err
	}
	x.id = chain.RegistrationID(op)
	return n.submit[0](ctx, tx)
}

func (x *measured) identifyTx(n *benchNet, i int) ([]byte, error) {
	arg, err := x.identify(x.id, uint64(i), x.tree)
	if err != nil {
		return nil, err
	}
	return n.signTo(chain.KindIdentify, arg)
}

func (x *measured) unitsTx(n *benchNet, i int) ([]byte, error) {
	return n.sign(chain.KindUnits, chain.Units{
		Batch: chain.BatchID(benchGLN, benchProduct, "LOT"), From: chain.UnitActive, To: chain.UnitLocked,
		Ranges: []chain.Range{{From: uint64(i), To: uint64(i) + 1}},
	})
}

// size looks at the state when the packs were identified.
func (x *measured) size(_ context.Context, n *benchNet) error {
	home := filepath.Join(n.dir, "0", "data", "chain")
	v := n.nodes[0].Store().Latest()
	marks, bytes := 0.0, 0.0
	for k, value := range v.Records([]byte("mark/")) {
		marks, bytes = marks+1, bytes+float64(len(k)+len(value))
	}
	v.Close()
	if marks == 0 {
		return fmt.Errorf("no mark was verified")
	}
	if err := n.stop(); err != nil {
		return err
	}
	all, err := stateBytes(home)
	x.state, x.whole = append(x.state, bytes/marks), append(x.whole, all/marks)
	return err
}

// table1 is the paper's table 1 as an experiment: each method is attacked, and scored by
// how often an end user was content.
func (c *genuineCmd) table1(_ context.Context, b bench, _ *mill) ([]result, error) {
	b.progress("genuine: table 1, %d tries of each attack", c.Tries)
	rows, err := paper.Table1(rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1)), c.Tries)
	if err != nil {
		return nil, err
	}
	var out []result
	for _, r := range rows {
		for column, printed := range r.Printed {
			name := fmt.Sprintf("table 1, %s, %s", r.Method, paper.Column(column))
			out = append(out, newResult(name, "score", fixed(float64(r.All[column])), "printed", fixed(float64(printed))))
			for _, o := range r.Outcomes {
				if o.Column == paper.Column(column) && o.Tried > 0 {
					b.progress("%s: %s: %d of %d passed", name, o.What, o.Passed, o.Tried)
				}
			}
		}
		out = append(out,
			newResult("table 1, "+r.Method+": kept and sent", "bytes", fixed(float64(r.Cost.Bytes())), "the first method", fixed(float64(rows[0].Cost.Bytes()))),
			newResult("table 1, "+r.Method+": hashes", "hashes", fixed(float64(r.Cost.Hashes)), "the first method", fixed(float64(rows[0].Cost.Hashes))))
		if r.Remark != "" {
			b.progress("table 1, %s: %s", r.Method, r.Remark)
		}
	}
	return slices.Clip(out), nil
}
