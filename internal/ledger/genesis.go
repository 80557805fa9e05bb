package ledger

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/lightclient"
)

// A Genesis is the document with which a chain begins (paper 000, IV-C): the
// common parameters and the first members, governors among them, each by its own
// signed application. It is part of what verifiers pin.
type Genesis struct {
	Curve       string          `json:"curve"`
	Denominator int64           `json:"denominator"` // a quorum is numerator ÷ denominator of the governors
	Hash        string          `json:"hash"`
	Members     []canon.RawJSON `json:"members"` // messages of type application/1
	Numerator   int64           `json:"numerator"`
	Proposal    int64           `json:"proposal_seconds"`
	Undo        int64           `json:"undo_seconds"`
	Window      int64           `json:"window_seconds"` // ΔT
}

// NewGenesis returns the document of a chain with the usual parameters: ΔT of
// five minutes, undo within ten days, two thirds of the governors within 30 days.
func NewGenesis(members ...[]byte) Genesis {
	g := Genesis{
		Curve: "P-256", Hash: "SHA-256", Numerator: 2, Denominator: 3,
		Window: 300, Undo: 10 * 24 * 3600, Proposal: 30 * 24 * 3600,
	}
	for _, m := range members {
		g.Members = append(g.Members, m)
	}
	return g
}

// Encode returns the document's JSON.
func (g *Genesis) Encode() ([]byte, error) { return canon.JSON(g) }

// Genesis returns the state with which the chain begins.
func (l *Ledger) Genesis(doc []byte, validators []chain.Validator, at time.Time) ([]Write, error) {
	var g Genesis
	if err := canon.DecodeJSON(doc, &g); err != nil {
		return nil, fmt.Errorf("genesis: %w", err)
	}
	if g.Curve != "P-256" || g.Hash != "SHA-256" {
		return nil, fmt.Errorf("genesis: curve %q and hash %q: %w", g.Curve, g.Hash, canon.ErrNotCanonical)
	}
	params := chain.Params{
		Window: 1000 * g.Window, Undo: 1000 * g.Undo, Proposal: 1000 * g.Proposal,
		Numerator: g.Numerator, Denominator: g.Denominator,
	}
	if err := checkParams(&params); err != nil {
		return nil, fmt.Errorf("genesis: %w", err)
	}
	b := &Block{ledger: l, base: nothing{}, now: chain.Millis(at), writes: map[string][]byte{}, params: params}
	t := &tx{Block: b, writes: b.writes}
	if err := t.put(chain.ParamsKey(), params); err != nil {
		return nil, err
	}
	if err := t.changeValidators(validators); err != nil {
		return nil, fmt.Errorf("genesis: %w", err)
	}
	for _, raw := range g.Members {
		if err := t.first(raw); err != nil {
			return nil, fmt.Errorf("genesis: %w", err)
		}
	}
	if b.writes[string(chain.GovernorsKey())] == nil {
		return nil, fmt.Errorf("genesis: %w", ErrLastGovernor)
	}
	changes, err := b.End()
	return changes.State, err
}

// first admits a member of the genesis document.
func (t *tx) first(raw []byte) error {
	m, err := envelope.DecodeMessage(raw)
	if err != nil {
		return err
	}
	body, err := canon.CBOR(m.Body)
	if err != nil {
		return err
	}
	return t.admit(&chain.Application{Message: m.Envelope.Raw(), Body: body})
}

// nothing is the state before the chain.
type nothing struct{}

func (nothing) Get([]byte) ([]byte, error)                   { return nil, nil }
func (nothing) First(_, _ []byte) (k, v []byte, err error)   { return nil, nil, nil }
func (nothing) Operation(canon.Digest) (uint64, bool, error) { return 0, false, nil }

const maxValidators = 1000

// changeValidators sets powers; a power of 0 removes.
func (t *tx) changeValidators(changes []chain.Validator) error {
	var all chain.Validators
	if _, err := read(t, chain.ValidatorsKey(), &all); err != nil {
		return err
	}
	for _, c := range changes {
		if err := lightclient.CheckKey(c.Key); err != nil {
			return fmt.Errorf("%w: %w", ErrProposal, err)
		}
		if c.Power < 0 || c.Power > 1<<40 {
			return fmt.Errorf("%w: power %d", ErrProposal, c.Power)
		}
		at, there := slices.BinarySearchFunc(all, c.Key, func(v chain.Validator, k []byte) int { return bytes.Compare(v.Key, k) })
		switch {
		case there && c.Power == 0:
			all = slices.Delete(all, at, at+1)
		case there:
			all[at].Power = c.Power
		case c.Power == 0:
			return fmt.Errorf("%w: no such validator", ErrProposal)
		default:
			all = slices.Insert(all, at, c)
		}
	}
	if len(all) == 0 {
		return ErrLastValidator
	}
	// With at most 2⁴⁰ each the sum stays where JSON and CometBFT can count it.
	if len(all) > maxValidators {
		return fmt.Errorf("%w: %d validators", ErrProposal, len(all))
	}
	return t.put(chain.ValidatorsKey(), all)
}

// validatorChanges returns what the block does to the powers: the difference
// between its first and last list, because the engine takes one change a key.
func (b *Block) validatorChanges() ([]chain.Validator, error) {
	raw, changed := b.writes[string(chain.ValidatorsKey())]
	if !changed {
		return nil, nil
	}
	var before, after chain.Validators
	if _, err := read(b.base, chain.ValidatorsKey(), &before); err != nil {
		return nil, err
	}
	if err := decode(raw, &after); err != nil {
		return nil, err
	}
	var out []chain.Validator
	for _, v := range before {
		if !slices.ContainsFunc(after, func(w chain.Validator) bool { return bytes.Equal(v.Key, w.Key) }) {
			out = append(out, chain.Validator{Key: v.Key})
		}
	}
	for _, w := range after {
		if !slices.ContainsFunc(before, func(v chain.Validator) bool { return bytes.Equal(v.Key, w.Key) && v.Power == w.Power }) {
			out = append(out, w)
		}
	}
	return out, nil
}
