package supply

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/genuine"
	"theriac/internal/audit"
	"theriac/internal/ledger"
	"theriac/merkle"
	"theriac/pedigree"
	"theriac/refusal"
)

// A Registration is what the organisation keeps of one of its own: what the ledger
// does not have. It counts from when the ledger has it.
type Registration struct {
	ID          canon.Digest
	Root        canon.Digest // of the marks
	Consignment []byte       // transaction information, sealed to the consignee
	Created     time.Time
}

// A MarkPart is a part of a registration's marks: PartMarks of them, fewer in the
// last. Roots of parts are the leaves of a tree that has the root of all marks.
type MarkPart struct {
	Root   merkle.Hash
	Leaves chain.Hashes
}

// PartMarks is the number of marks in a part, a power of two, so that parts are whole
// subtrees. A proof reads one part, and the roots of the others.
const PartMarks = 1024

// Registrations keep the organisation's own registrations. Writes survive a crash.
type Registrations interface {
	// PutRegistration writes a registration with its marks once (ErrExists).
	PutRegistration(ctx context.Context, r *Registration, parts []MarkPart) error
	// Registration returns a registration, or ErrUnknown.
	Registration(ctx context.Context, id canon.Digest) (*Registration, error)
	// Marks returns the marks of a part, counted from 0, and the roots of all parts,
	// or ErrUnknown.
	Marks(ctx context.Context, id canon.Digest, part uint64) (leaves, roots chain.Hashes, err error)
	// DropRegistration removes a registration with its marks, if it is there.
	DropRegistration(ctx context.Context, id canon.Digest) error
}

// maxConsignment is the size of sealed transaction information: sixteen free fields
// fit twice.
const maxConsignment = 16 << 10

// Register registers marks that a device made (paper 001, 3.2, registration section).
// They are kept before the ledger is asked, so that it never has a root whose marks
// are lost. id names the operation: the same again is found.
func (d *Desk) Register(ctx context.Context, id canon.ID, r *api.Registering) (*api.Registration, error) {
	name := chain.RegistrationID(chain.Operation(d.GLN, id))
	err := d.checkRegistering(r)
	if err == nil {
		err = d.register(ctx, id, name, r)
	}
	if !errors.Is(err, ErrBusy) {
		d.record(ctx, audit.Operator, "register marks", name.String(), err)
	}
	if err != nil {
		return nil, err
	}
	return d.Registration(ctx, name)
}

// checkRegistering refuses early what can be refused without the ledger's order.
func (d *Desk) checkRegistering(r *api.Registering) error {
	terms := chain.Terms(r.Terms)
	if len(r.Consignment) == 0 || len(r.Consignment) > maxConsignment {
		return fmt.Errorf("%w: a consignment has 1 to %d bytes", ErrRequest, maxConsignment)
	}
	if !terms.Batch.IsZero() {
		// Counted below: ranges that do not rise count wrong.
		if err := pedigree.CheckRanges(terms.Ranges, ledger.MaxBatch); err != nil {
			return err
		}
	}
	if size := terms.Size(); size != uint64(len(r.Marks)) || size > ledger.MaxPacks || len(r.Marks) == 0 {
		return fmt.Errorf("%w: %d marks for %d things, at most %d", ledger.ErrRegistration, len(r.Marks), size, ledger.MaxPacks)
	}
	line, err := d.line(terms.Line)
	if err != nil {
		return err
	}
	if terms.Epoch != line.Put.Epoch {
		return fmt.Errorf("%w: epoch %d, the line is at %d", ledger.ErrRegistration, terms.Epoch, line.Put.Epoch)
	}
	return genuine.CheckRegister(d.Chain, d.GLN, &chain.Register{Terms: terms, Device: r.Device, Signature: r.Signature}, line)
}

func (d *Desk) register(ctx context.Context, id canon.ID, name canon.Digest, r *api.Registering) error {
	parts, root := parted(r.Marks)
	if root != r.Terms.Root {
		return fmt.Errorf("%w: the marks have another root", ledger.ErrRegistration)
	}
	if !d.running.claim(name) {
		return fmt.Errorf("%w: it is being registered", ErrBusy)
	}
	defer d.running.unclaim(name)
	kept := &Registration{ID: name, Root: root, Consignment: r.Consignment, Created: d.Now()}
	err := d.Registrations.PutRegistration(ctx, kept, parts)
	first := err == nil
	if errors.Is(err, ErrExists) {
		err = d.sameRegistration(ctx, kept)
	}
	if err != nil {
		return err
	}
	_, err = d.Submit(ctx, chain.KindRegister, id, chain.Register{Terms: chain.Terms(r.Terms), Device: r.Device, Signature: r.Signature})
	if err == nil {
		err = d.sameTerms(name, &r.Terms)
	}
	if first && refusal.Code(err) != "" && !errors.Is(err, ErrBusy) {
		// Of one that was tried before nobody knows whether the ledger takes it yet.
		err = errors.Join(err, d.Registrations.DropRegistration(context.WithoutCancel(ctx), name))
	}
	return err
}

// parted cuts marks into parts and returns the root of all.
func parted(marks chain.Hashes) ([]MarkPart, canon.Digest) {
	var parts []MarkPart
	var tree merkle.Builder
	for leaves := range slices.Chunk(marks, PartMarks) {
		p := MarkPart{Root: merkle.Root(leaves), Leaves: leaves}
		tree.Append(p.Root)
		parts = append(parts, p)
	}
	return parts, canon.Digest(tree.Root())
}

// sameRegistration returns ErrExists unless what is kept is what is asked for again.
func (d *Desk) sameRegistration(ctx context.Context, r *Registration) error {
	before, err := d.Registrations.Registration(ctx, r.ID)
	if err == nil && (before.Root != r.Root || !bytes.Equal(before.Consignment, r.Consignment)) {
		err = fmt.Errorf("%w: another registration under this key", ErrExists)
	}
	return err
}

// sameTerms returns ErrExists unless the ledger has these terms: an operation that was
// applied before may have been another.
func (d *Desk) sameTerms(name canon.Digest, terms *api.Terms) error {
	r, err := d.registered(name)
	if err == nil && r.Terms.Root != terms.Root || errors.Is(err, ledger.ErrUnknownRegistration) {
		err = fmt.Errorf("%w: another operation under this key", ErrExists)
	}
	return err
}

// registered returns a registration of the ledger, or ledger.ErrUnknownRegistration.
func (d *Desk) registered(id canon.Digest) (*chain.Registration, error) {
	r, err := state[chain.Registration](d, chain.RegistrationKey(id))
	if errors.Is(err, ErrUnknown) {
		return nil, fmt.Errorf("%w: %s", ledger.ErrUnknownRegistration, id)
	}
	return r, err
}
