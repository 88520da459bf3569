"""How many machines a load takes: a discrete-event simulation of the service, fed by measured service times."""
