package pedigree

import (
	"fmt"
	"math/big"
	"slices"
)

// A KeyPair is the centre's answer to a registration, as it crosses the wire:
// ID_X, (d_X, Q_X).
type KeyPair struct {
	ID string
	D  *big.Int
	Q  Point
}

// A Row is what an ins contract stores, with the signature of its sign line.
type Row struct {
	Fields Fields
	Signer string // whose key the sign line names
	Sig    Signature
}

// A Centre is the blockchain centre: everybody's keys, the contracts' tables and
// the uploads.
type Centre struct {
	Costs *Costs

	count   int                // one for all contracts, as printed
	keys    map[string]KeyPair // string x_keypairs
	rows    map[Exchange][]Row
	uploads map[string]History
}

// NewCentre returns an empty blockchain centre.
func NewCentre() *Centre {
	return &Centre{
		Costs:   newCosts(),
		keys:    map[string]KeyPair{},
		rows:    map[Exchange][]Row{},
		uploads: map[string]History{},
	}
}

// Register is IV-E: role X sends its name, the centre takes a private key d for
// it, stores the pair with xins and sends it back.
func (c *Centre) Register(id string, d *big.Int) KeyPair {
	pair := KeyPair{id, d, c.Costs.At(Registration, BCC).times(d, base())} // (1)
	c.count++
	c.keys[id] = pair
	c.Costs.sent(Registration, Printed.Other)
	c.Costs.sent(Registration, Printed.Other+2*Printed.Key)
	return pair
}

// PublicKey returns Q of an identity.
func (c *Centre) PublicKey(id string) (Point, error) {
	pair, ok := c.keys[id]
	if !ok {
		return Point{}, fmt.Errorf("%q: %w", id, ErrUnknown)
	}
	return pair.Q, nil
}

// Operator returns what the centre's operator knows of an identity: all of it.
func (c *Centre) Operator(id string) KeyPair { return c.keys[id] }

// Count returns how often an ins contract ran.
func (c *Centre) Count() int { return c.count }

// Rows returns what contract x stored: on chain, in clear.
func (c *Centre) Rows(x Exchange) []Row { return slices.Clone(c.rows[x]) }

// Insert is the ins contract of exchange x with its sign and verify lines. It
// signs with the centre's copy of the sender's key, whoever called it.
func (c *Centre) Insert(x Exchange, f Fields, k *big.Int) error {
	row := Row{Fields: f.only(exchanges[x].columns), Signer: f[ID]}
	pair, ok := c.keys[row.Signer]
	if !ok {
		return fmt.Errorf("%q: %w", row.Signer, ErrUnknown)
	}
	c.count++
	var err error
	if row.Sig, err = new(Ops).Sign(pair.D, k, c.line(x, row, exchanges[x].signsDMDA)); err != nil {
		return err
	}
	c.rows[x] = append(c.rows[x], row)
	return c.VerifyRow(x, row)
}

// VerifyRow is the verify line of contract x.
func (c *Centre) VerifyRow(x Exchange, row Row) error {
	q, err := c.PublicKey(row.Signer)
	if err != nil {
		return err
	}
	if err := new(Ops).Verify(q, c.line(x, row, exchanges[x].verifiesDMDA), row.Sig); err != nil {
		return fmt.Errorf("%w: %w", ErrContract, err)
	}
	return nil
}

// line returns the hash of the values that a sign or verify line names: the
// row's own, but for the fields that are printed with dmda's name.
func (c *Centre) line(x Exchange, row Row, dmda []Field) []byte {
	values := row.Fields
	for _, f := range dmda {
		values[f] = c.last(DMDA, row.Fields[IDBC]).Fields[f]
	}
	return new(Ops).hash(values.pick(exchanges[x].columns)...)
}

// last returns the last row of contract x under an ID_BC, or an empty one.
func (c *Centre) last(x Exchange, idBC string) Row {
	for _, row := range slices.Backward(c.rows[x]) {
		if row.Fields[IDBC] == idBC {
			return row
		}
	}
	return Row{}
}

// Check is the chk contract of exchange x. Its first statement returns; the
// others, one for each further field, are never reached.
func (c *Centre) Check(x Exchange, f Fields) bool {
	first := exchanges[x].columns[0]
	return slices.ContainsFunc(c.rows[exchanges[x].checks], func(r Row) bool {
		return r.Fields[first] == f[first]
	})
}

// Upload stores (ID_BC, BC) with the signature that BC stands for. Nobody is
// asked who he is.
func (c *Centre) Upload(x Exchange, idBC, bc string, g Signature) {
	h := c.uploads[idBC]
	h.BCs[x], h.Sigs[x] = bc, g
	c.uploads[idBC] = h
	c.Costs.Uploaded[x.Phase()] += Printed.Other + Printed.Hash
}

// Download returns what a third party gets for an ID_BC (IV-I, step 1).
func (c *Centre) Download(idBC string) History {
	h := c.uploads[idBC]
	h.Cert = c.last(DADM, idBC).Fields[Cert]
	return h
}
