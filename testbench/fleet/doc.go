// Package fleet is many households that behave like those of a provincial IPTV
// platform, and the set-top boxes that report them.
//
// A Town decides what happens: in which second which box is switched on, opens
// a page, clicks, plays, orders. It is a plain function of its seed, so a run
// can be repeated to the byte. Run plays a town over real MQTT connections, at
// the speed of the clock or faster, and writes the truth down before a box
// hears of it; some of its boxes may be whole agents. History makes whole days
// of batches as fast as it can.
//
// See DESIGN.md.
package fleet
