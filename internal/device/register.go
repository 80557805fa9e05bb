package device

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/client"
	"theriac/envelope"
	"theriac/genuine"
	"theriac/internal/ledger"
	"theriac/merkle"
	"theriac/pedigree"
	"theriac/refusal"
)

var (
	// ErrSkip is what a person answers who leaves a thing out.
	ErrSkip = errors.New("device: the thing is left out")
	// ErrEnd is what a person answers who has no more things.
	ErrEnd = errors.New("device: no more things")
)

// A Registrar is a registration device at work (3.2). The functions are how it speaks
// with whoever puts things on the instruments, and may be nil.
type Registrar struct {
	Device *Device
	Office *client.Client // of the device's operator
	Bench  *Bench
	// Reach returns a client of the server of a product's maker.
	Reach func(endpoint string) (*client.Client, error)
	// Scan returns what was scanned on the next pack, or io.EOF. It is asked if the job
	// does not say which packs.
	Scan func(context.Context) (string, error)
	// Ask waits until the thing is on the instruments, or returns ErrSkip or ErrEnd.
	Ask func(context.Context, *Thing) error
	// Judged is told of each judgment, with genuine.ErrNotLegitimate for what is left
	// out. Told of an instrument's failure, it returns nil to have it measured again.
	Judged func(*Thing, error) error
	// Progress is told how many marks were made.
	Progress func(done, total uint64)
}

// A Registered is what became of a job.
type Registered struct {
	Registration api.Registration `json:"registration"`
	LeftOut      []Thing          `json:"left_out"`
	// Stopped says at what, and why, the measuring ended early. Those before it are
	// registered.
	Stopped string `json:"stopped,omitempty"`
	// Found says that an earlier run of the same job had come to its end, and only its
	// answer was lost: nothing was measured now.
	Found bool `json:"found,omitempty"`
}

// Register measures the things of a job, and registers those that are legitimate.
func (r *Registrar) Register(ctx context.Context, j Job) (*Registered, error) {
	if err := j.check(); err != nil {
		return nil, err
	}
	raw, err := canon.JSON(j)
	if err != nil {
		return nil, err
	}
	asked := canon.Sum(raw)
	if before, err := r.resume(ctx, asked); before != nil || err != nil {
		return before, err
	}
	p, err := r.prepare(ctx, &j)
	if err != nil {
		return nil, err
	}
	way := &pending{Asked: asked, Key: rand.Text(), LeftOut: []Thing{}}
	things, err := r.measure(ctx, p, way)
	if err != nil {
		return nil, err
	}
	if len(things) == 0 {
		return nil, fmt.Errorf("%w: there is nothing to register", genuine.ErrNotLegitimate)
	}
	registering, err := r.build(ctx, p, things)
	if err != nil {
		return nil, err
	}
	way.Registering = *registering
	return r.send(ctx, way)
}

// measure has each thing measured and judged, and returns the legitimate ones in the
// order of their marks. If an instrument fails with nobody there to try again, it ends
// with what was judged before: which thing comes next is not known then.
func (r *Registrar) measure(ctx context.Context, p *plan, way *pending) (things []*Thing, err error) {
	for t, err := range r.things(ctx, p) {
		if err != nil {
			return nil, err
		}
		if len(things)+len(way.LeftOut) == 0 {
			if err := r.count(ctx, p, t); err != nil {
				return nil, err
			}
		}
		if len(things) == ledger.MaxPacks {
			return nil, fmt.Errorf("%w: more than %d packs at a time", errJob, ledger.MaxPacks)
		}
		err := r.judge(ctx, p, t)
		switch {
		case errors.Is(err, ErrEnd):
			return ordered(things), nil
		case errors.Is(err, ErrSkip), errors.Is(err, genuine.ErrNotLegitimate):
			way.LeftOut = append(way.LeftOut, *t)
		case refusal.Code(err) != "" && len(things) > 0 && ctx.Err() == nil:
			way.Stopped = fmt.Sprintf("%d %s: %v", t.Place, t.Code, err)
			return ordered(things), nil
		case err != nil:
			return nil, err
		default:
			things = append(things, t)
		}
	}
	return ordered(things), nil
}

func ordered(things []*Thing) []*Thing {
	slices.SortFunc(things, func(a, b *Thing) int { return cmp.Compare(a.Place, b.Place) })
	return things
}

// judge measures a thing until there is a judgment.
func (r *Registrar) judge(ctx context.Context, p *plan, t *Thing) error {
	for {
		if r.Ask != nil {
			if err := r.Ask(ctx, t); err != nil {
				return err
			}
		}
		readings, err := r.Bench.measure(ctx)
		if err == nil {
			err = genuine.Judge(p.criteria, readings)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if r.Judged != nil {
			again := r.Judged(t, err)
			if err != nil && !errors.Is(err, genuine.ErrNotLegitimate) && again == nil {
				continue
			}
		}
		if err == nil {
			t.read = readings
		}
		return err
	}
}

// build makes the marks of things, and what is signed of them. The key is opened for
// this and forgotten; what was read ends here too.
func (r *Registrar) build(ctx context.Context, p *plan, things []*Thing) (*api.Registering, error) {
	d := r.Device
	k, err := d.lineKey(p.chain, p.line, p.epoch)
	if err != nil {
		return nil, err
	}
	defer clear(k.J[:])
	terms := chain.Terms(p.terms(things))
	if terms.Ranges != nil {
		if err := pedigree.CheckRanges(terms.Ranges, p.size); err != nil {
			return nil, fmt.Errorf("%w: what was left out cuts the packs too often; register them in parts", err)
		}
	}
	c := &genuine.Consignment{
		Chain: p.chain, Counter: p.counter, Epoch: p.epoch, Fields: p.job.Fields, From: p.from, Line: p.line,
		Place: p.job.Place, To: p.job.To, Item: p.item,
	}
	rand.Read(c.Secret[:])
	out := &api.Registering{Device: d.Card.Device}
	for i, t := range things {
		v, err := k.Verification(t.read, c.Transaction(uint64(i), t.item))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t.Code, err)
		}
		t.read = nil
		out.Marks = append(out.Marks, chain.MarkLeaf(v))
		if r.Progress != nil {
			r.Progress(uint64(i)+1, uint64(len(things)))
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	terms.Root = canon.Digest(merkle.Root(out.Marks))
	signed, err := chain.Registered(p.chain, p.from, &terms)
	if err != nil {
		return nil, err
	}
	if out.Signature, err = envelope.SignDigest(d.signer, signed); err != nil {
		return nil, err
	}
	out.Terms = api.Terms(terms)
	out.Consignment, err = genuine.SealConsignment(p.seal, c)
	return out, err
}
