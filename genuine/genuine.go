// Package genuine decides whether a thing on the table is the thing that was
// registered, once. It implements paper 001, sections 3.2 to 3.4: registration,
// verification and identification device.
package genuine
