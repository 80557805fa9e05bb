package genuine

import (
	"crypto/sha256"
	"slices"
)

// A Device is the three sections that registration and verification devices share:
// measurement, judgment, generation (3.3: "the same as those in the registration
// device").
type Device struct {
	Ranges     []Range
	J          Judgment
	Instrument func(Signal) Signal // its error; nil measures exactly
	Hashes     int                 // taken so far
}

// Measure is the measurement section.
func (d *Device) Measure(p Signal) Signal {
	if d.Instrument == nil {
		return slices.Clone(p)
	}
	return d.Instrument(p)
}

// Judge is the judgment section, step (2) of 3.2 and 3.3.
func (d *Device) Judge(measured Signal) Value {
	if len(measured) != len(d.Ranges) {
		return d.J.Bad
	}
	for i, r := range d.Ranges {
		if !(r.Low <= measured[i] && measured[i] <= r.High) { // so that NaN is outside
			return d.J.Bad
		}
	}
	return d.J.OK
}

// Generate is the generation section, step (3) of 3.2 and 3.3.
func (d *Device) Generate(j, u Value) Key {
	d.Hashes++
	return KeyOf(j, u)
}

// KeyOf returns SHA-256(J ⊕ U₁₂₈).
func KeyOf(j, u Value) Key {
	joined := xor(j, u)
	return sha256.Sum256(joined[:])
}

// DigestOf returns SHA-256(Key), the verification information.
func DigestOf(k Key) Digest { return sha256.Sum256(k[:]) }

// A Registration is a registration device, which the supplier handles (3.2).
type Registration struct {
	Device
	Chain *Chain
}

// Register is the flow of 3.2. It registers whatever came of the judgment.
func (d *Registration) Register(p1 Signal, u1 Info) { // (1)
	j := d.Judge(d.Measure(p1))             // (2)
	key1 := d.Generate(j, u1.Value())       // (3)
	d.Chain.Register(u1.ID, DigestOf(key1)) // (4)
	d.Hashes++                              // of step 4
}

// Reverify is 4.1.1: "The number of verifications included in the transaction
// information is added by one, and the verification information for that is
// generated." It returns the new transaction information.
func (d *Registration) Reverify(p1 Signal, u1 Info) Info {
	u1.Verifications++
	d.Register(p1, u1)
	return u1
}

// A Verification is a verification device, which the deliverer handles (3.3).
type Verification struct {
	Device
	Chain *Chain
}

// Verify is the flow of 3.3. u2 is what the end user entered, in 128 bits; id goes
// with it, for the output to reach the right identification.
func (d *Verification) Verify(p2 Signal, id ID, u2 Value) Key { // (1)
	j := d.Judge(d.Measure(p2)) // (2)
	key2 := d.Generate(j, u2)   // (3)
	d.Chain.Output(id, key2)    // (4)
	return key2
}

// An Identification is an identification device, which the end user handles (3.4).
type Identification struct {
	Chain  *Chain
	Hashes int
}

// An Acquired is what the acquisition section hands on.
type Acquired struct {
	ID   ID
	Key2 Key
	V    Digest
}

// Acquire is the acquisition section, step (1) of 3.4.
func (d *Identification) Acquire(id ID, key2 Key) (Acquired, error) {
	e, ok := d.Chain.Entry(id)
	switch {
	case !ok:
		return Acquired{}, ErrUnknown
	case e.Verified:
		return Acquired{}, ErrVerified
	}
	return Acquired{id, key2, e.V}, nil
}

// Verify is the verification section, step (2).
func (d *Identification) Verify(a Acquired) error {
	d.Hashes++
	if DigestOf(a.Key2) != a.V {
		return ErrMismatch
	}
	return nil
}

// Register is the registration section, step (3).
func (d *Identification) Register(a Acquired) { d.Chain.Mark(a.ID) }

// Identify is the flow of 3.4.
func (d *Identification) Identify(id ID, key2 Key) error {
	a, err := d.Acquire(id, key2)
	if err != nil {
		return err
	}
	if err := d.Verify(a); err != nil {
		return err
	}
	d.Register(a)
	return nil
}
