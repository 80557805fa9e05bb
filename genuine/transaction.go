package genuine

import (
	"crypto/hpke"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"io"
	"unicode/utf8"

	"theriac/canon"
	"theriac/chain"
	"theriac/gs1"
)

// A Transaction is the transaction information U of one thing on its way from one
// member to another (3.2, generation section: manufacturer, serial number, temperature,
// number of verifications, random numbers). Its form is RFC 8785 JSON.
type Transaction struct {
	Chain   string            `json:"chain" cbor:"1,keyasint"`
	Counter uint64            `json:"counter" cbor:"2,keyasint"`
	Epoch   uint64            `json:"epoch" cbor:"3,keyasint"`
	Fields  map[string]string `json:"fields,omitempty" cbor:"4,keyasint,omitempty"` // free: temperature …
	From    string            `json:"from" cbor:"5,keyasint"`                       // GLN
	Index   uint64            `json:"index" cbor:"6,keyasint"`                      // of its mark
	// Item is the identification part: element string of SGTIN, LGTIN or SSCC.
	Item   string       `json:"item" cbor:"7,keyasint"`
	Line   canon.Digest `json:"line" cbor:"8,keyasint"`
	Place  string       `json:"place" cbor:"9,keyasint"` // GLN
	Random canon.ID     `json:"random" cbor:"10,keyasint"`
	To     string       `json:"to" cbor:"11,keyasint"` // GLN
}

// Format names the thing; the rest is secret, whatever the verb.
func (u Transaction) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, u.Item+" ") // fmt keeps what its writer says
	redact(f)
}

// Check returns ErrTransaction for what no consignment makes.
func (u *Transaction) Check() error {
	if u.Item == "" || len(u.Item) > 128 || u.Counter == 0 || u.Random == (canon.ID{}) {
		return fmt.Errorf("%w: item, counter or random number", ErrTransaction)
	}
	// Beyond, two numbers of RFC 8785 are one.
	if max(u.Counter, u.Epoch, u.Index) >= 1<<53 {
		return fmt.Errorf("%w: counter, epoch or index", ErrTransaction)
	}
	return checkFields(u.Fields)
}

const maxFields = 16

func checkFields(fields map[string]string) error {
	if len(fields) > maxFields {
		return fmt.Errorf("%w: more than %d fields", ErrTransaction, maxFields)
	}
	for k, v := range fields {
		if k == "" || len(k) > 40 || len(v) > 200 || !utf8.ValidString(k) || !utf8.ValidString(v) {
			return fmt.Errorf("%w: field %.40q", ErrTransaction, k)
		}
	}
	return nil
}

// A Consignment is what registrar and consignee know of the transactions of one
// registration, and nobody else. Secret makes their random numbers.
type Consignment struct {
	Chain   string            `cbor:"1,keyasint"`
	Counter uint64            `cbor:"2,keyasint"`
	Epoch   uint64            `cbor:"3,keyasint"`
	Fields  map[string]string `cbor:"4,keyasint,omitempty"`
	From    string            `cbor:"5,keyasint"`
	Line    canon.Digest      `cbor:"6,keyasint"`
	Place   string            `cbor:"7,keyasint"`
	To      string            `cbor:"8,keyasint"`
	Secret  [32]byte          `cbor:"9,keyasint"`
	// Item names the one thing of a Whole registration or a lot of material: an SSCC
	// or LGTIN. Packs have their SGTIN.
	Item string `cbor:"10,keyasint,omitempty"`
}

// Format hides the consignment from every verb of fmt.
func (Consignment) Format(f fmt.State, _ rune) { redact(f) }

// MarshalText hides the consignment from JSON and logs.
func (Consignment) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Transaction returns U of the thing with this mark. The device that gets one of them
// learns nothing of the others: each random number is a hash of its own.
func (c *Consignment) Transaction(index uint64, item string) *Transaction {
	if c.Item != "" {
		item = c.Item
	}
	random := canon.Hash("theriac/transaction-random/1", c.Secret[:], binary.BigEndian.AppendUint64(nil, index))
	return &Transaction{
		Chain: c.Chain, Counter: c.Counter, Epoch: c.Epoch, Fields: c.Fields, From: c.From, Index: index,
		Item: item, Line: c.Line, Place: c.Place, Random: canon.ID(random[:16]), To: c.To,
	}
}

// Agrees returns ErrTransaction unless the consignment is that of a registration.
func (c *Consignment) Agrees(chainID string, r *chain.Registration) error {
	t := &r.Terms
	if c.Chain != chainID || c.From != r.From || c.To != t.To || c.Place != t.Place || c.Counter != t.Counter || c.Epoch != t.Epoch || c.Line != t.Line {
		return fmt.Errorf("%w: the ledger has other terms", ErrTransaction)
	}
	if (c.Item != "") != (t.Whole || t.Material != nil) {
		return fmt.Errorf("%w: one thing or many", ErrTransaction)
	}
	if subtle.ConstantTimeCompare(c.Secret[:], make([]byte, len(c.Secret))) == 1 {
		return fmt.Errorf("%w: without a secret", ErrTransaction)
	}
	return checkFields(c.Fields)
}

// SealConsignment encrypts a consignment to the consignee's seal key: the secure
// channel of section 3.3 ("the end user, who is notified by the supplier").
func SealConsignment(point []byte, c *Consignment) (canon.Bytes, error) {
	return seal(point, consignmentInfo(c.Chain, c.From, c.To), c)
}

// OpenConsignment decrypts it and returns ErrTransaction unless it is that of the
// registration.
func OpenConsignment(key hpke.PrivateKey, chainID string, r *chain.Registration, sealed []byte) (*Consignment, error) {
	var c Consignment
	if err := open(key, consignmentInfo(chainID, r.From, r.Terms.To), sealed, &c); err != nil {
		return nil, err
	}
	return &c, c.Agrees(chainID, r)
}

func consignmentInfo(chainID, from, to string) []byte {
	return canon.Encode("theriac/consignment/1", []byte(chainID), []byte(from), []byte(to))
}

// Item returns the identification part of an identifier: what a scanner reads of it
// may hold more, as lot and expiry date. It returns gs1.ErrNoKey for what names no
// thing, as a product.
func Item(id gs1.Identifier) (string, error) {
	switch {
	case id.SSCC != "":
		id = gs1.Identifier{SSCC: id.SSCC}
	case id.GTIN == "" || id.Serial == "" && id.Lot == "":
		return "", fmt.Errorf("SSCC, or GTIN with serial or lot: %w", gs1.ErrNoKey)
	case id.Serial != "":
		id = gs1.Identifier{GTIN: id.GTIN, Serial: id.Serial}
	default:
		id = gs1.Identifier{GTIN: id.GTIN, Lot: id.Lot}
	}
	return id.ElementString()
}
