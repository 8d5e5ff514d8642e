package protocol

// AppendSignedRaw signs whatever it is given, for vectors of what is wrong.
var AppendSignedRaw = appendPacket
